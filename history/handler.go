package history

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A HandlerConfig is what the HTTP side needs.
type HandlerConfig struct {
	Pool *pgxpool.Pool
	// Ready says whether the daemon can do its work, with words about what it
	// waits for or goes on without.
	Ready func() (bool, []string)
	// Token is what page and API ask for; an empty one asks for nothing.
	Token   func() (string, error)
	Metrics http.Handler
}

// Handler serves the page, the status, health and metrics.
func Handler(c HandlerConfig) http.Handler {
	s := &server{c}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", c.Metrics)
	mux.HandleFunc("GET /{$}", s.guard(s.page))
	mux.HandleFunc("GET /groups/{id}", s.guard(s.group))
	mux.HandleFunc("GET /api/status", s.guard(s.status))
	return mux
}

type server struct{ HandlerConfig }

func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	ready, words := s.Ready()
	state := "ready"
	if !ready {
		state = "not ready"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintln(w, strings.Join(append([]string{state}, words...), "\n"))
}

// guard asks for the token: as a bearer, in X-Auth-Token as the cloud's own API
// does, or as the password of HTTP Basic, which is what a browser can give.
func (s *server) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		want, err := s.Token()
		if err != nil {
			http.Error(w, "the token that is asked for here cannot be read", http.StatusServiceUnavailable)
			return
		}
		if want != "" && !carries(r, want) {
			w.Header().Set("WWW-Authenticate", `Basic realm="aslogd", charset="UTF-8"`)
			http.Error(w, "a token is needed: Authorization: Bearer, X-Auth-Token, or the password of HTTP Basic", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next(w, r)
	}
}

func carries(r *http.Request, want string) bool {
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		bearer = ""
	}
	_, password, _ := r.BasicAuth()
	// Hashes, so that the time a comparison takes says nothing of the length.
	expected := sha256.Sum256([]byte(want))
	for _, given := range []string{bearer, r.Header.Get("X-Auth-Token"), password} {
		sum := sha256.Sum256([]byte(given))
		if subtle.ConstantTimeCompare(sum[:], expected[:]) == 1 {
			return true
		}
	}
	return false
}

const patience = 20 * time.Second // for one answer from Postgres

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	report, err := Status(ctx, s.Pool)
	if err != nil {
		http.Error(w, "Postgres does not answer, or has no schema yet", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = report.WriteJSON(w) // a reader who went away
}

// WriteJSON prints the report as `status --json` and /api/status do.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func (s *server) page(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	ready, words := s.Ready()
	view := pageView{Title: "aslogd", Ready: ready, Words: words}
	report, err := Status(ctx, s.Pool)
	if err != nil {
		view.Words = append(view.Words, "Postgres does not answer, or has no schema yet")
	} else {
		report.Troubles = slices.DeleteFunc(report.Troubles, func(t Trouble) bool { // this replica has said so already
			return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(w, t.String()) })
		})
		view.fill(report)
	}
	render(w, "page", view)
}

func (s *server) group(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	view, err := groupOf(ctx, s.Pool, r.PathValue("id"))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		http.Error(w, "no such group", http.StatusNotFound)
	case err != nil:
		http.Error(w, "Postgres does not answer, or has no schema yet", http.StatusServiceUnavailable)
	default:
		render(w, "group", view)
	}
}
