package asapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
)

// An iam gives tokens out, t1, t2, …, each good for life.
type iam struct {
	logins atomic.Int32
	life   time.Duration
	delay  time.Duration
	refuse atomic.Bool
	away   atomic.Bool
	body   atomic.Value
}

func (i *iam) RoundTrip(req *http.Request) (*http.Response, error) {
	n := i.logins.Add(1)
	body, _ := io.ReadAll(req.Body)
	i.body.Store(string(body))
	time.Sleep(i.delay)
	if i.away.Load() {
		return reply(503, "<html>")
	}
	if i.refuse.Load() {
		return reply(401, `{"error":{"code":401,"message":"The username or password hunter2 is wrong.","title":"Unauthorized"}}`)
	}
	ends := time.Now().Add(i.life).UTC().Format("2006-01-02T15:04:05.000000Z")
	return reply(201, `{"token":{"methods":["password"],"expires_at":"`+ends+`"}}`, "X-Subject-Token", fmt.Sprintf("t%d", n))
}

func newPassword(t *testing.T, i *iam) *Password {
	t.Helper()
	p, err := NewPassword(PasswordConfig{
		Source: "s", IAMURL: "https://iam.example", Domain: "d", Username: "u", Project: "p",
		Password: func() (string, error) { return "hunter2", nil }, Transport: i,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOneSignInForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &iam{life: 24 * time.Hour, delay: time.Second}
		cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) { return reply(200, emptyPage) }}
		c := newClient(t, cloud, newPassword(t, i), nil)
		errs := make(chan error, 50)
		for range 50 {
			go func() {
				_, err := ask(t, c)
				errs <- err
			}()
		}
		for range 50 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := i.logins.Load(); n != 1 {
			t.Errorf("%d sign-ins", n)
		}
		if got := cloud.seen[49].Header.Get("X-Auth-Token"); got != "t1" {
			t.Errorf("token is %q", got)
		}
		for _, want := range []string{`"domain":{"name":"d"}`, `"project":{"id":"p"}`, `"password":"hunter2"`} {
			if body := i.body.Load().(string); !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", body, want)
			}
		}
	})
}

// Breaks: the token's end comes near, while IAM is away. Mends: IAM answers
// again. Holds: the old token is used as long as it lives, no request fails.
func TestTokenIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &iam{life: 24 * time.Hour}
		cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) { return reply(200, emptyPage) }}
		c := newClient(t, cloud, newPassword(t, i), nil)
		use := func(want string) {
			t.Helper()
			if _, err := ask(t, c); err != nil {
				t.Fatal(err)
			}
			if got := cloud.seen[cloud.count()-1].Header.Get("X-Auth-Token"); got != want {
				t.Errorf("token is %s, want %s", got, want)
			}
		}
		use("t1")
		time.Sleep(24*time.Hour - 11*time.Minute)
		use("t1")
		time.Sleep(2 * time.Minute) // nine minutes to go
		i.away.Store(true)
		use("t1")
		use("t1")
		if n := i.logins.Load(); n != 2 {
			t.Errorf("%d sign-ins: a renewal that failed is put off", n)
		}
		i.away.Store(false)
		time.Sleep(2 * time.Minute)
		use("t3")
	})
}

// Breaks: the token dies early (the password was changed). Mends: a new one,
// once. Holds: the caller sees nothing; a fresh token that is refused is an
// error at once, not a flood of sign-ins.
func TestNewTokenOnceOn401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &iam{life: 24 * time.Hour}
		dead := map[string]bool{}
		cloud := &fakeCloud{reply: func(_ int, req *http.Request) (*http.Response, error) {
			if token := req.Header.Get("X-Auth-Token"); dead[token] || dead["all"] {
				return reply(401, `{"error":{"code":"AS.0005","message":"token `+token+` must be updated"}}`)
			}
			return reply(200, emptyPage)
		}}
		c := newClient(t, cloud, newPassword(t, i), nil)
		if _, err := ask(t, c); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		dead["t1"] = true
		if _, err := ask(t, c); err != nil {
			t.Fatal(err)
		}
		if i.logins.Load() != 2 {
			t.Fatalf("%d sign-ins", i.logins.Load())
		}
		time.Sleep(time.Hour)
		dead["all"] = true
		for range 10 {
			_, err := ask(t, c)
			if !errors.Is(err, ingest.ErrRefused) {
				t.Fatalf("got %v", err)
			}
			tellsNone(t, err.Error(), "t2", "t3", "hunter2")
		}
		if n := i.logins.Load(); n != 3 {
			t.Errorf("%d sign-ins", n)
		}
	})
}

// Too many wrong passwords lock an account, so a refused one rests.
func TestWrongPasswordIsNotTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &iam{life: time.Hour}
		i.refuse.Store(true)
		cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) { return reply(200, emptyPage) }}
		c := newClient(t, cloud, newPassword(t, i), nil)
		for range 20 {
			_, err := ask(t, c)
			if !errors.Is(err, ingest.ErrRefused) {
				t.Fatalf("got %v", err)
			}
			tellsNone(t, err.Error(), "hunter2")
		}
		if i.logins.Load() != 1 || cloud.count() != 0 {
			t.Errorf("%d sign-ins, %d requests", i.logins.Load(), cloud.count())
		}
		i.refuse.Store(false)
		time.Sleep(2 * time.Minute)
		if _, err := ask(t, c); err != nil {
			t.Error(err)
		}
		if err := c.Check(t.Context()); err != nil && !errors.Is(err, ingest.ErrNotJSON) {
			t.Error(err)
		}
	})
}
