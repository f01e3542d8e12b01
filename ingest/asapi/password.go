package asapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// PasswordConfig says who signs in, and where.
type PasswordConfig struct {
	Source    string // for the metric
	IAMURL    string // scheme and host, no path
	Domain    string
	Username  string
	Password  Secret // read at every sign-in
	Project   string // id; the token's scope
	Metrics   *Metrics
	Warn      func(error)       // told that a renewal failed while the old token still holds; nil: nobody is
	Transport http.RoundTripper // nil: NewTransport()
}

// Password signs in at IAM and sends the token with each request. One sign-in
// is under way at a time, whoever waits for it.
type Password struct {
	cfg   PasswordConfig
	url   string
	http  *http.Client
	login singleflight.Group

	mu       sync.Mutex
	token    string
	former   string // the token before, for Redact: it may still be on its way
	password string // as last read, for Redact
	madeAt   time.Time
	worked   bool // the present token was accepted once
	renewAt  time.Time
	endsAt   time.Time
	refusal  refusal
}

// A refusal is a sign-in that IAM refused. It is not tried again with the same
// password for a while: too many wrong passwords lock an account.
type refusal struct {
	err      error
	password string
	until    time.Time
	pause    time.Duration
}

const (
	renewBefore   = 10 * time.Minute // a token's end, at most a quarter of its life
	freshToken    = time.Minute
	renewAgain    = 30 * time.Second // after a renewal that failed
	shortRefusal  = time.Minute
	longRefusal   = 15 * time.Minute
	defaultLife   = 24 * time.Hour // where IAM does not say
	maxLoginReply = 1 << 20
)

// NewPassword makes an authenticator that signs in at the first request. An
// error names a setting that cannot be right.
func NewPassword(cfg PasswordConfig) (*Password, error) {
	u, err := parseEndpoint(cfg.IAMURL)
	if err != nil {
		return nil, fmt.Errorf("IAM URL of source %s: %w", cfg.Source, err)
	}
	if cfg.Password == nil {
		return nil, fmt.Errorf("source %s has no password", cfg.Source)
	}
	if cfg.Transport == nil {
		cfg.Transport = NewTransport()
	}
	if cfg.Warn == nil {
		cfg.Warn = func(error) {}
	}
	return &Password{
		cfg:  cfg,
		url:  (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/v3/auth/tokens"}).String(),
		http: newHTTPClient(cfg.Transport),
	}, nil
}

// Authorize adds the token, signing in where there is none or it ends soon.
func (p *Password) Authorize(ctx context.Context, req *http.Request) error {
	token, err := p.current(ctx)
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-Token", token)
	return nil
}

// Accepted notes that the token which the request carried is of use.
func (p *Password) Accepted(req *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token == req.Header.Get("X-Auth-Token") {
		p.worked = true
	}
}

// Refused drops the token that the request carried, unless it has been renewed
// since. A new token that was never accepted is kept for a while: the next one
// would be refused too, and each request would cost a sign-in.
func (p *Password) Refused(req *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token != "" && p.token == req.Header.Get("X-Auth-Token") {
		if !p.worked && time.Since(p.madeAt) < freshToken {
			return false
		}
		p.former, p.token = p.token, ""
	}
	return true
}

// Redact hides password and token.
func (p *Password) Redact(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return hide(text, p.password, p.token, p.former)
}

func (p *Password) held(now time.Time) (token string, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token == "" || !now.Before(p.endsAt) {
		return "", true
	}
	return p.token, !now.Before(p.renewAt)
}

func (p *Password) current(ctx context.Context) (string, error) {
	token, due := p.held(time.Now())
	if !due {
		return token, nil
	}
	// The sign-in outlives whoever asked for it first: others wait for it too.
	done := p.login.DoChan("", func() (any, error) {
		if token, due := p.held(time.Now()); !due {
			return token, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
		defer cancel()
		return p.signIn(ctx)
	})
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the sign-in at IAM: %w", ctx.Err())
	case r := <-done:
		if r.Err == nil {
			return r.Val.(string), nil
		}
		if token, _ := p.held(time.Now()); token != "" {
			p.putOff(r.Err)
			return token, nil
		}
		return "", fmt.Errorf("sign in at IAM: %w", r.Err)
	}
}

// putOff goes on with the old token for a moment after its renewal failed.
func (p *Password) putOff(err error) {
	now := time.Now()
	p.mu.Lock()
	first := !now.Before(p.renewAt)
	if first {
		p.renewAt = now.Add(renewAgain)
	}
	p.mu.Unlock()
	if first {
		p.cfg.Warn(fmt.Errorf("renew the token of source %s, the old one still holds: %w", p.cfg.Source, err))
	}
}

// signIn gets a token, keeps it and returns it.
func (p *Password) signIn(ctx context.Context) (string, error) {
	password, err := p.cfg.Password()
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	p.mu.Lock()
	p.password = password
	last := p.refusal
	p.mu.Unlock()
	if last.err != nil && last.password == password && time.Now().Before(last.until) {
		return "", last.err
	}
	token, ends, err := p.ask(ctx, password)
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var e *Error
	switch {
	case err == nil:
		p.refusal = refusal{}
	case errors.As(err, &e) && !e.weather():
		pause := min(max(2*last.pause, shortRefusal), longRefusal)
		p.refusal = refusal{err: err, password: password, until: now.Add(pause), pause: pause}
		return "", err
	default:
		return "", err
	}
	if p.token != "" {
		p.former = p.token
	}
	p.token, p.madeAt, p.endsAt, p.worked = token, now, ends, false
	p.renewAt = ends.Add(-min(renewBefore, ends.Sub(now)/4))
	p.cfg.Metrics.expires(p.cfg.Source, ends)
	return token, nil
}
