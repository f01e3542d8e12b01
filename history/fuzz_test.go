package history

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// Whatever is asked for, while Postgres answers, nothing fails: there is a page,
// a redirection to one, or a word on what is wrong with the question.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{"/", "/groups/a", "/groups/", "/groups/%00", "/groups/%ff", "/groups/..", "/groups/a/b", "/groups/%2e%2e%2f", "/groups/%3Cscript%3E", "/api/status", "/api/status?x=%zz", "//", "/groups/a?%00=&&", "/healthz", "/autoscaling-api/v2/p/scaling_activity_log/g?limit=-1"} {
		f.Add("GET", s, "Bearer sesame")
	}
	f.Add("POST", "/", "Bearer sesame")
	f.Add("HEAD", "/groups/a", "Basic YW55OnNlc2FtZQ==")
	f.Add("GET", "/api/status", "Basic \xff")
	f.Add("GET", "/", "Bearer\x00sesame")
	pool, _ := fixed(f)
	h := Handler(HandlerConfig{
		Pool: pool, Ready: func() (bool, []string) { return true, nil },
		Token:   func() (string, error) { return "sesame", nil },
		Metrics: http.NotFoundHandler(),
	})
	f.Fuzz(func(t *testing.T, method, path, authorization string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return // no server hands that on
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Method, r.URL, r.RequestURI = method, u, path
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%s %q: %d %s", method, path, w.Code, w.Body)
		}
	})
}
