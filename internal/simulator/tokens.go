package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// authenticate lets a request pass, or answers 401 in the way the real ones do:
// the gateway's shape for what the gateway checks, the service's shape now and
// then for a token that died before its time.
func (s *Simulator) authenticate(r *http.Request, n uint64, now time.Time) (answer, bool) {
	a := s.cfg.Auth
	signed := r.Header.Get("Authorization") != ""
	switch {
	case a.Kind == AuthNone:
		return answer{}, false
	case a.Kind == AuthAKSK, a.Kind == AuthBoth && signed:
		if err := checkSignature(r, a.AccessKey, a.SecretKey, now); err != nil {
			return gatewayError(http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information: "+err.Error(), n), true
		}
		return answer{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := r.Header.Get("X-Auth-Token")
	end, known := s.tokens[token]
	switch {
	case !known:
		return gatewayError(http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information: decrypt token fail", n), true
	case !now.Before(end):
		return gatewayError(http.StatusUnauthorized, "APIGW.0307", "The token must be updated", n), true
	}
	s.bearers++
	every := uint64(s.cfg.Faults.ExpireEvery)
	if every == 0 || s.resting(now) || s.bearers%every != 0 {
		return answer{}, false
	}
	s.counts.Expired++
	s.tokens[token] = now
	if s.bearers/every%2 == 0 {
		return gatewayError(http.StatusUnauthorized, "APIGW.0307", "The token must be updated", n), true
	}
	return serviceError(http.StatusUnauthorized, "AS.0005", "Authentication failed, token is invalid."), true
}

// signInRequest is the part of IAM's request that is looked at.
type signInRequest struct {
	Auth struct {
		Identity struct {
			Methods  []string `json:"methods"`
			Password struct {
				User struct {
					Name     string `json:"name"`
					Password string `json:"password"`
					Domain   struct {
						Name string `json:"name"`
					} `json:"domain"`
				} `json:"user"`
			} `json:"password"`
		} `json:"identity"`
		Scope struct {
			Project struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"project"`
		} `json:"scope"`
	} `json:"auth"`
}

// signIn gives a token for a password. IAM writes its refusals in a third
// shape, with a number for a code.
func (s *Simulator) signIn(w http.ResponseWriter, r *http.Request) {
	now := s.cfg.Now()
	refuse := func(status int, title, message string) {
		body, _ := json.Marshal(map[string]any{"error": map[string]any{"code": status, "title": title, "message": message}})
		jsonAnswer(status, body).send(w, now, false)
	}
	var q signInRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&q); err != nil || len(q.Auth.Identity.Methods) == 0 {
		refuse(http.StatusBadRequest, "Bad Request", "The request body is invalid.")
		return
	}
	a, user, project := s.cfg.Auth, q.Auth.Identity.Password.User, q.Auth.Scope.Project
	if a.Username != "" && (user.Name != a.Username || user.Password != a.Password) || a.Domain != "" && user.Domain.Name != a.Domain {
		refuse(http.StatusUnauthorized, "Unauthorized", "The username or password is wrong.")
		return
	}
	if project.ID != s.cfg.Project && project.Name == "" {
		refuse(http.StatusUnauthorized, "Unauthorized", "No such project, or no right in it.")
		return
	}
	s.mu.Lock()
	s.counts.Tokens++
	s.issued++
	token, end := "MIIsim"+uuid(s.cfg.Seed, 16, s.issued), now.Add(a.TokenLife)
	s.tokens[token] = end
	s.mu.Unlock()
	const iamTime = "2006-01-02T15:04:05.000000Z"
	body, _ := json.Marshal(map[string]any{"token": map[string]any{
		"methods":    []string{"password"},
		"issued_at":  now.UTC().Format(iamTime),
		"expires_at": end.UTC().Format(iamTime),
		"project":    map[string]any{"id": s.cfg.Project, "name": "eu-de"},
		"user":       map[string]any{"name": user.Name, "domain": map[string]any{"name": user.Domain.Name}},
	}})
	answer := jsonAnswer(http.StatusCreated, body)
	answer.header.Set("X-Subject-Token", token)
	answer.send(w, now, false)
}
