package asapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"aslogd/ingest/action"
)

// ask sends the sign-in and returns the token with its end.
func (p *Password) ask(ctx context.Context, password string) (token string, ends time.Time, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.credentials(password)))
	if err != nil {
		return "", ends, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "aslogd")
	began := time.Now()
	resp, err := p.http.Do(req)
	if err != nil {
		return "", ends, &networkError{text: p.Redact(err.Error()), err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusOK {
		e := readError(resp, "", p.Redact)
		e.login = true
		return "", ends, e
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxLoginReply))
	if err != nil {
		return "", ends, &networkError{text: "read the answer to the sign-in: " + err.Error(), err: err}
	}
	token = resp.Header.Get("X-Subject-Token")
	if token == "" {
		return "", ends, &networkError{text: "the answer to the sign-in has no X-Subject-Token", err: errors.New("no token")}
	}
	return token, expiry(body, began), nil
}

// expiry finds token.expires_at. A clock that differs from IAM's would see a
// token that is over already: then the usual life is assumed, and a 401 tells.
func expiry(body []byte, began time.Time) time.Time {
	ends := began.Add(defaultLife)
	_ = members(body, func(name string, value []byte) error {
		if name != "token" {
			return nil
		}
		return members(value, func(name string, value []byte) error {
			if name == "expires_at" {
				if at, err := action.Time(value); err == nil && at != nil && at.After(began) {
					ends = *at
				}
			}
			return nil
		})
	})
	return ends
}

// credentials is the body of a sign-in for the project's scope.
func (p *Password) credentials(password string) []byte {
	type object map[string]any
	body, err := json.Marshal(object{"auth": object{
		"identity": object{
			"methods": []string{"password"},
			"password": object{"user": object{
				"name":     p.cfg.Username,
				"password": password,
				"domain":   object{"name": p.cfg.Domain},
			}},
		},
		"scope": object{"project": object{"id": p.cfg.Project}},
	}})
	if err != nil {
		panic(err) // maps of strings
	}
	return body
}
