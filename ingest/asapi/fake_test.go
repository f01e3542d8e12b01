package asapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"aslogd/ingest"
)

// A fakeCloud answers requests without a network, so that tests can run in a
// bubble of fake time.
type fakeCloud struct {
	mu    sync.Mutex
	seen  []*http.Request
	reply func(n int, req *http.Request) (*http.Response, error) // n counts from 1
}

func (f *fakeCloud) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.seen = append(f.seen, req)
	n := len(f.seen)
	f.mu.Unlock()
	resp, err := f.reply(n, req)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

func (f *fakeCloud) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}

func reply(status int, body string, headers ...string) (*http.Response, error) {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

const emptyPage = `{"total_number":0,"start_number":0,"limit":100,"scaling_activity_log":[]}`

func newClient(t *testing.T, cloud http.RoundTripper, auth Authenticator, budget *Budget) *Client {
	t.Helper()
	c, err := New(Config{
		Source: "s", URL: "https://as.example", Project: "p", Auth: auth, Budget: budget,
		Transport: cloud, Warn: func(err error) { t.Logf("warned: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(t *testing.T, c *Client) (*ingest.Page, error) {
	t.Helper()
	return c.Actions(t.Context(), ingest.Tail, "g", ingest.Query{Limit: 100})
}

// A purse is Grants in memory: a token bucket by the bubble's clock.
type purse struct {
	mu     sync.Mutex
	taken  int
	asked  int
	next   time.Time
	paused time.Time
	fail   error
}

func (p *purse) Take(_ context.Context, _ string, want, perMinute int) (int, time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.fail != nil {
		return 0, 0, p.fail
	}
	now := time.Now()
	if now.Before(p.paused) {
		return 0, p.paused.Sub(now), nil
	}
	each := time.Minute / time.Duration(perMinute)
	if floor := now.Add(-time.Second); p.next.Before(floor) {
		p.next = floor // a second's worth may pile up
	}
	got := 0
	for got < want && !p.next.After(now) {
		p.next = p.next.Add(each)
		got++
	}
	p.taken += got
	return got, p.next.Sub(now), nil
}

func (p *purse) Pause(_ context.Context, _ string, until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = until
	return nil
}

func tellsNone(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%q tells a secret", text)
		}
	}
}
