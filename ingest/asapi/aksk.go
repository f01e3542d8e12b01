package asapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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

// sign adds the Authorization header. What is signed: the method, the path with
// a slash at its end, the query and the headers that are set by now with the
// host, each in byte order, and the body's SHA-256.
func sign(req *http.Request, access, secret string, body []byte) {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	headers := map[string]string{"host": host}
	for name, values := range req.Header {
		headers[strings.ToLower(name)] = strings.TrimSpace(strings.Join(values, ","))
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	signed := strings.Join(names, ";")

	c := &strings.Builder{}
	fmt.Fprintf(c, "%s\n%s\n%s\n", req.Method, canonicalPath(req.URL.Path), canonicalQuery(req.URL.Query()))
	for _, name := range names {
		fmt.Fprintf(c, "%s:%s\n", name, headers[name])
	}
	fmt.Fprintf(c, "\n%s\n%s", signed, hexSHA256(body))

	toSign := "SDK-HMAC-SHA256\n" + req.Header.Get("X-Sdk-Date") + "\n" + hexSHA256([]byte(c.String()))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(toSign))
	req.Header.Set("Authorization", fmt.Sprintf("SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%x",
		access, signed, mac.Sum(nil)))
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func canonicalPath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = escape(parts[i])
	}
	path = strings.Join(parts, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path
}

func canonicalQuery(query url.Values) string {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	pairs := make([]string, 0, len(query))
	for _, name := range names {
		for _, value := range slices.Sorted(slices.Values(query[name])) {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	return strings.Join(pairs, "&")
}

// escape leaves letters, digits and -_.~ as they are.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
