package simulator

import (
	"net/http"
	"time"
)

// mostPolls is how many polls of a group are remembered, the last ones.
const mostPolls = 64

// Polls is when a group was asked for what is new in it: from its head on, with
// no end, whatever was answered.
type Polls struct {
	Group  string      `json:"group"`
	Faulty bool        `json:"faulty"` // it is slow or fails by itself, not by its request's fate
	At     []time.Time `json:"at"`
}

// polled notes a request that is a poll, before anything befalls it.
func (s *Simulator) polled(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		start := q.Get("start_number")
		if (start == "" || start == "0") && !q.Has("end_time") && !q.Has("status") && !q.Has("log_id") {
			s.mu.Lock()
			if g := s.byID[r.PathValue("group")]; g != nil {
				if len(g.polls) == mostPolls {
					g.polls = append(g.polls[:0], g.polls[1:]...)
				}
				g.polls = append(g.polls, s.cfg.Now().UTC())
			}
			s.mu.Unlock()
		}
		next(w, r)
	}
}

// Polls is what /polls answers, for a simulator in the same process.
func (s *Simulator) Polls() []Polls {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Polls, 0, len(s.groups))
	for _, g := range s.groups {
		all = append(all, Polls{Group: g.id, Faulty: g.slow || g.fails, At: append([]time.Time{}, g.polls...)})
	}
	return all
}

func (s *Simulator) servePolls(w http.ResponseWriter, _ *http.Request) {
	encoded(s.Polls()).send(w, s.cfg.Now(), false)
}
