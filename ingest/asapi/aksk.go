package asapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Secret returns a secret as it stands now: from a setting, or from a file
// that is read again.
type Secret func() (string, error)

// None proves nothing: for the simulator.
type None struct{}

// Authorize adds nothing.
func (None) Authorize(context.Context, *http.Request) error { return nil }

// Accepted has nothing to learn.
func (None) Accepted(*http.Request) {}

// Refused reports that another try would be the same.
func (None) Refused(*http.Request) bool { return false }

// Redact has nothing to hide.
func (None) Redact(text string) string { return text }

// AKSKConfig holds an access key, its secret and, for temporary keys, their
// security token (nil otherwise).
type AKSKConfig struct {
	Project                             string
	AccessKey, SecretKey, SecurityToken Secret
}

// AKSK signs each request with SDK-HMAC-SHA256.
type AKSK struct {
	cfg AKSKConfig

	mu   sync.Mutex
	keys *keys // nil: not read yet
}

type keys struct{ access, secret, token string }

// NewAKSK makes an authenticator that signs. The secrets are read at the first
// request, and again after a refusal.
func NewAKSK(cfg AKSKConfig) *AKSK { return &AKSK{cfg: cfg} }

const sdkDate = "20060102T150405Z"

// Authorize signs the request with the time of now.
func (a *AKSK) Authorize(_ context.Context, req *http.Request) error {
	k, err := a.current()
	if err != nil {
		return err
	}
	req.Header.Set("X-Sdk-Date", time.Now().UTC().Format(sdkDate))
	if a.cfg.Project != "" {
		req.Header.Set("X-Project-Id", a.cfg.Project)
	}
	if k.token != "" {
		req.Header.Set("X-Security-Token", k.token)
	}
	sign(req, k.access, k.secret, nil)
	return nil
}

// Accepted has nothing to learn.
func (a *AKSK) Accepted(*http.Request) {}

// Refused reads the secrets again and reports whether they have changed since
// the request was signed.
func (a *AKSK) Refused(req *http.Request) bool {
	a.mu.Lock()
	a.keys = nil
	a.mu.Unlock()
	k, err := a.current()
	if err != nil {
		return false
	}
	before := req.Header.Get("Authorization")
	again := req.Clone(req.Context())
	again.Header.Del("Authorization")
	again.Header.Del("X-Security-Token")
	if k.token != "" {
		again.Header.Set("X-Security-Token", k.token)
	}
	sign(again, k.access, k.secret, nil)
	return again.Header.Get("Authorization") != before
}

// Redact hides the keys; a gateway repeats the access key in its errors.
func (a *AKSK) Redact(text string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keys == nil {
		return text
	}
	return hide(text, a.keys.access, a.keys.secret, a.keys.token)
}

func (a *AKSK) current() (keys, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keys != nil {
		return *a.keys, nil
	}
	k := &keys{}
	for _, s := range []struct {
		name string
		read Secret
		to   *string
	}{
		{"access key", a.cfg.AccessKey, &k.access},
		{"secret key", a.cfg.SecretKey, &k.secret},
		{"security token", a.cfg.SecurityToken, &k.token},
	} {
		if s.read == nil {
			continue
		}
		v, err := s.read()
		if err != nil {
			return keys{}, fmt.Errorf("read the %s: %w", s.name, err)
		}
		*s.to = v
	}
	a.keys = k
	return *k, nil
}

func hide(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}
