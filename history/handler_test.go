package history

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Page and API ask for the token in any of the three places; health and metrics
// ask for nothing.
func TestToken(t *testing.T) {
	t.Parallel()
	pool, _ := fixed(t)
	h := Handler(HandlerConfig{
		Pool: pool, Ready: func() (bool, []string) { return true, nil },
		Token:   func() (string, error) { return "sesame", nil },
		Metrics: http.NotFoundHandler(),
	})
	get := func(path, name, value string) int {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set(name, value)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"Authorization", "Bearer sesame", 200},
		{"Authorization", "bearer sesame", 200}, // a scheme has no case
		{"X-Auth-Token", "sesame", 200},
		{"Authorization", "Basic YW55OnNlc2FtZQ==", 200},
		{"Authorization", "sesame", 401},
		{"Authorization", "Bearer open", 401},
		{"Authorization", "Bearer ", 401},
		{"X-Auth-Token", "", 401},
	} {
		for _, path := range []string{"/", "/groups/a", "/api/status"} {
			if got := get(path, c.name, c.value); got != c.want {
				t.Errorf("%s with %s: %q: %d, want %d", path, c.name, c.value, got, c.want)
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := get(path, "X-None", ""); got != 200 {
			t.Errorf("%s: %d", path, got)
		}
	}
}
