package main

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
)

// newLogger writes JSON lines, or words where a person looks on.
func newLogger(c *Config, to io.Writer) zerolog.Logger {
	level, _ := zerolog.ParseLevel(c.LogLevel) // checked with the settings
	if c.LogFormat == "console" || c.LogFormat == "" && isTerminal(to) {
		to = zerolog.ConsoleWriter{Out: to, TimeFormat: time.TimeOnly, NoColor: !isTerminal(to)}
	}
	return zerolog.New(to).Level(level).With().Timestamp().Str("instance", c.Instance).Logger()
}

// isTerminal reports whether a person reads what is written here.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// A saying is what was last said of something that lasts: it is said once, and
// then rarely.
type saying struct {
	what string
	at   time.Time
}

// due reports whether what is to be said now.
func (s *saying) due(what string) bool {
	if what == s.what && time.Since(s.at) < 10*time.Minute {
		return false
	}
	s.what, s.at = what, time.Now()
	return true
}

// seldom lets few events of a kind through: weather over ten thousand groups
// must not become ten thousand lines a minute. The next event that passes says
// how many did not.
type seldom struct {
	mu    sync.Mutex
	kinds map[string]*kind
}

type kind struct {
	limit *rate.Limiter
	kept  int
}

// allow reports whether an event may be logged, and how many of its kind were
// not since the last that was.
func (s *seldom) allow(name string) (ok bool, kept int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kinds == nil {
		s.kinds = map[string]*kind{}
	}
	k := s.kinds[name]
	if k == nil {
		k = &kind{limit: rate.NewLimiter(rate.Every(20*time.Second), 5)}
		s.kinds[name] = k
	}
	if !k.limit.Allow() {
		k.kept++
		return false, 0
	}
	kept, k.kept = k.kept, 0
	return true, kept
}
