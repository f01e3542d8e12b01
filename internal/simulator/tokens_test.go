package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

// signIn asks for a token and returns it, with the status.
func (w *world) signIn(user, password, project string) (string, int) {
	w.t.Helper()
	body := fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"password":%q,"domain":{"name":"D"}}}},"scope":{"project":{"id":%q}}}}`,
		user, password, project)
	resp, err := w.client.Post("http://iam.test/v3/auth/tokens", "application/json", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("X-Subject-Token"), resp.StatusCode
}

// withToken asks for the group list and returns status and error code.
func (w *world) withToken(token string) string {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://as.test/autoscaling-api/v1/"+w.Project()+"/scaling_group", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body := make([]byte, 4096)
	n, _ := resp.Body.Read(body)
	return strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", errorCode(body[:n])))
}

func TestTokensAreGivenAndExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, Auth: simulator.Auth{
		Kind: simulator.AuthPassword, Domain: "D", Username: "u", Password: "p", TokenLife: time.Hour,
	}})
	for _, c := range []struct {
		user, password, project string
		want                    int
	}{{"u", "wrong", w.Project(), 401}, {"x", "p", w.Project(), 401}, {"u", "p", "other", 401}, {"u", "p", w.Project(), 201}} {
		if token, got := w.signIn(c.user, c.password, c.project); got != c.want || (token != "") != (got == 201) {
			t.Errorf("%+v: %d, token %q", c, got, token)
		}
	}
	if got := w.withToken(""); got != "401 APIGW.0301" {
		t.Errorf("no token: %s", got)
	}
	token, _ := w.signIn("u", "p", w.Project())
	if got := w.withToken(token); got != "200" {
		t.Errorf("a good token: %s", got)
	}
	w.clock.forward(time.Hour)
	if got := w.withToken(token); got != "401 APIGW.0307" {
		t.Errorf("an old token: %s", got)
	}
	if w.Counts().Tokens != 2 {
		t.Errorf("%d tokens given", w.Counts().Tokens)
	}
}

func TestTokensDieBeforeTheirTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, Auth: simulator.Auth{Kind: simulator.AuthPassword}, Faults: simulator.Faults{ExpireEvery: 5}})
	var got []string
	for range 2 {
		token, _ := w.signIn("any", "any", w.Project())
		for range 5 {
			got = append(got, w.withToken(token))
		}
		if again := w.withToken(token); again != "401 APIGW.0307" {
			t.Errorf("a dead token lives: %s", again)
		}
	}
	if s := strings.Join(got, " "); s != "200 200 200 200 401 AS.0005 200 200 200 200 401 APIGW.0307" {
		t.Error(s)
	}
	if n := w.Counts().Expired; n != 2 {
		t.Errorf("%d expiries counted", n)
	}
}

func TestUnsignedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, Auth: simulator.Auth{Kind: simulator.AuthAKSK, AccessKey: "a", SecretKey: "s"}})
	if got := w.withToken("x"); got != "401 APIGW.0301" {
		t.Error(got)
	}
}
