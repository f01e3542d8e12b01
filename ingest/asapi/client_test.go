package asapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) {
		return reply(200, emptyPage, "Date", "Sun, 01 Mar 2026 10:11:12 GMT")
	}}
	c := newClient(t, cloud, None{}, nil)
	page, err := c.Actions(t.Context(), ingest.Tail, "g/1", ingest.Query{
		From:  time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 3600)),
		To:    time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
		LogID: "a&b", Start: 7, Limit: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "https://as.example/autoscaling-api/v2/p/scaling_activity_log/g%2F1?end_time=2026-03-02T00%3A00%3A00Z&limit=50&log_id=a%26b&start_number=7&start_time=2026-03-01T00%3A00%3A00Z"
	if got := cloud.seen[0].URL.String(); got != want {
		t.Errorf("asked %s\nwant  %s", got, want)
	}
	if !page.Date.Equal(time.Date(2026, 3, 1, 10, 11, 12, 0, time.UTC)) || page.Asked.IsZero() {
		t.Errorf("date %v, asked %v", page.Date, page.Asked)
	}
	if _, err := c.Actions(t.Context(), ingest.Tail, "g", ingest.Query{Limit: 1}); err != nil {
		t.Fatal(err)
	}
	if got := cloud.seen[1].URL.RawQuery; got != "limit=1&start_number=0" {
		t.Errorf("asked %s", got)
	}
}

// Breaks: each kind of weather, once or twice. Mends: the next answer is good.
// Holds: the caller gets its page and no error.
func TestLaw07WeatherIsRetried(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func() (*http.Response, error){
		"429":       func() (*http.Response, error) { return reply(429, `{"error_code":"APIGW.0308"}`) },
		"429 HTML":  func() (*http.Response, error) { return reply(429, `<html>`) },
		"500":       func() (*http.Response, error) { return reply(500, `{"error":{"code":"AS.0001"}}`) },
		"503 HTML":  func() (*http.Response, error) { return reply(503, `<html>`) },
		"reset":     func() (*http.Response, error) { return nil, errors.New("connection reset by peer") },
		"HTML":      func() (*http.Response, error) { return reply(200, `<html>login</html>`) },
		"half JSON": func() (*http.Response, error) { return reply(200, emptyPage[:40]) },
		"truncated": func() (*http.Response, error) {
			r, _ := reply(200, "")
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(emptyPage[:40]), broken{}))
			return r, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := &fakeCloud{reply: func(n int, _ *http.Request) (*http.Response, error) {
					if n < 3 {
						return bad()
					}
					return reply(200, emptyPage)
				}}
				if _, err := ask(t, newClient(t, cloud, None{}, nil)); err != nil {
					t.Error(err)
				}
				if cloud.count() != 3 {
					t.Errorf("%d requests", cloud.count())
				}
			})
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// What will be the same next time is not asked again, and says what it is.
func TestAnswersByCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		is     error
	}{
		{400, `{"error":{"code":"AS.2007","message":"The AS group does not exist."}}`, ingest.ErrNoGroup},
		{400, `{"error":{"code":"AS.4005","message":"x"}}`, ingest.ErrNoGroup},
		{404, `<html>`, ingest.ErrNoGroup},
		{404, `{"error":{"code":"AS.0007","message":"x"}}`, ingest.ErrRefused},
		{404, `{"error_code":"APIG.0101","error_msg":"The API does not exist"}`, ingest.ErrRefused},
		{400, `{"error":{"code":"AS.9001","message":"bad time"}}`, ingest.ErrRefused},
		{403, `{"error":{"code":"AS.0011","message":"x"}}`, ingest.ErrRefused},
		{400, `{"error":{"code":"AS.0008","message":"x"}}`, ingest.ErrRefused},
		{401, `{"error_code":"APIGW.0301","error_msg":"x","request_id":"r-1"}`, ingest.ErrRefused},
		{302, ``, ingest.ErrRefused},
	} {
		t.Run(fmt.Sprint(c.status, c.body), func(t *testing.T) {
			t.Parallel()
			cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) {
				return reply(c.status, c.body, "Location", "https://elsewhere.example/")
			}}
			client := newClient(t, cloud, None{}, nil)
			_, err := ask(t, client)
			if !errors.Is(err, c.is) || cloud.count() != 1 {
				t.Errorf("%d requests: %v", cloud.count(), err)
			}
			if errors.Is(err, ingest.ErrNoGroup) && errors.Is(err, ingest.ErrRefused) {
				t.Error("two things at once")
			}
			if _, err := client.Groups(t.Context(), ingest.Watch, 0, 100); errors.Is(err, ingest.ErrNoGroup) {
				t.Error("the group list says that no group is there")
			}
		})
	}
}

// Breaks: the cloud throttles for good. Holds: the caller hears of it after a
// few tries, as weather: neither refused nor gone.
func TestWeatherThatStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) {
			return reply(500, `{"error":{"code":"AS.0049","message":"System error"}}`)
		}}
		_, err := ask(t, newClient(t, cloud, None{}, nil))
		var e *Error
		if !errors.As(err, &e) || e.Code != "AS.0049" || errors.Is(err, ingest.ErrRefused) {
			t.Errorf("got %v", err)
		}
		if cloud.count() != maxTries {
			t.Errorf("%d requests", cloud.count())
		}
	})
}

// Breaks: one 429 with Retry-After, in each form. Holds: nobody of the source
// asks before that time, then everyone goes on.
// What breaks: nothing listens where AS, or IAM, should be. What must hold: it is
// told with the first try, not once all tries are used up; a connection that is
// reset now and then is not told of.
func TestAServiceThatRefusesConnectionsIsToldAtOnce(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for what, err := range map[string]error{"refused": refused, "no such host": &net.DNSError{Name: "as.example"}, "reset": &net.OpError{Op: "read", Err: syscall.ECONNRESET}} {
		for _, iam := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) { return nil, err }}
				auth := Authenticator(None{})
				if iam {
					password, err := NewPassword(PasswordConfig{Source: "s", IAMURL: "https://iam.example", Project: "p", Transport: cloud,
						Password: func() (string, error) { return "secret", nil }})
					if err != nil {
						t.Fatal(err)
					}
					auth = password
				}
				began, told := time.Now(), time.Duration(-1)
				c := newClient(t, cloud, auth, nil)
				c.cfg.Warn = func(error) { told = time.Since(began) }
				if _, err := ask(t, c); err == nil {
					t.Fatal("no error")
				}
				if now := told == 0; now != (what != "reset") {
					t.Errorf("%s, IAM %v: told after %v", what, iam, told)
				}
			})
		}
	}
}

func TestRetryAfterPausesEveryone(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"seconds", "date"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				until := time.Now().Add(90 * time.Second)
				header := "90"
				if form == "date" {
					header = until.UTC().Format(http.TimeFormat)
				}
				cloud := &fakeCloud{reply: func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return reply(429, `{"error_code":"APIGW.0308","error_msg":"policy user over ratelimit,limit:200,time:5 minute"}`, "Retry-After", header)
					}
					if time.Now().Before(until) {
						t.Errorf("asked %v too early", time.Until(until))
					}
					return reply(200, emptyPage)
				}}
				budget, purse := NewBudget("s", 600, &purse{}, nil), new(purse)
				budget.grants = purse
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() { _ = budget.Run(ctx) })
				c := newClient(t, cloud, None{}, budget)
				for range 5 {
					wg.Go(func() {
						if _, err := ask(t, c); err != nil {
							t.Error(err)
						}
					})
					time.Sleep(time.Second)
				}
				time.Sleep(2 * time.Minute)
				if cloud.count() != 6 || !purse.paused.Equal(until) {
					t.Errorf("%d requests, paused until %v", cloud.count(), purse.paused)
				}
				cancel()
				wg.Wait()
			})
		})
	}
}

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "3": 3 * time.Second, " 3 ": 3 * time.Second,
		"99999999999":                   longestPause,
		"Sun, 01 Mar 2026 00:00:30 GMT": 30 * time.Second,
		"Sat, 28 Feb 2026 00:00:30 GMT": 0,
		"Sun, 01 Mar 2037 00:00:30 GMT": longestPause,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"", "as.example", "https://as.example/v1", "ftp://as.example", "https://u:p@as.example", "://"} {
		_, err := New(Config{Source: "s", URL: u, Project: "p", Auth: None{}})
		if err == nil {
			t.Errorf("%q was taken", u)
		} else {
			tellsNone(t, err.Error(), "u:p")
		}
	}
}
