// Package simulator is a faithful stand-in for the AS API: the log of scaling
// actions (V2) with all its parameters, limits and refusals, the group list
// (V1), signing in with a password and signed requests, and every way in which
// such an API is known or feared to misbehave, each to be turned on by itself.
//
// A world follows from Config.Seed, Config.Born and the clock; drift alone
// depends on the requests made. Nothing runs in the background: live actions
// come into being when somebody looks.
//
// /truth tells what a perfect reader would hold, so that any run can be judged.
package simulator

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Simulator is one project in one region. It is safe for concurrent use.
type Simulator struct {
	cfg    Config
	number atomic.Uint64 // of the API request, from 1

	mu      sync.Mutex // guards all below
	rest    time.Time  // when the world came to rest; zero: not yet
	groups  []*group
	made    []*group // groups but the example
	byID    map[string]*group
	live    uint64      // live actions made so far
	planned []time.Time // when the first group's crowd starts that is still to come
	drifts  uint64      // requests that drift might have hit
	latches uint64      // requests that drift in a closed span might have hit
	waiting []waiting
	minute  int64 // the minute that inMin counts
	inMin   int
	counts  Counts
	tokens  map[string]time.Time // end of each token's life
	issued  uint64
	bearers uint64 // requests that showed a good token
}

// Counts is how many requests came, by what they were for. Refused counts
// those of them that a 429 answered; the others, those that met a fault.
type Counts struct {
	Logs    int `json:"logs"`
	Groups  int `json:"groups"`
	Tokens  int `json:"tokens"`
	Refused int `json:"refused"`

	Failed  int `json:"failed"`  // with 5xx
	Spoilt  int `json:"spoilt"`  // a page cut short, or HTML under a 200
	Dropped int `json:"dropped"` // broke off in the body
	Stalled int `json:"stalled"` // kept waiting
	Expired int `json:"expired"` // found a token dead before its time
}

// New makes the world that c describes, with its whole history.
func New(c Config) (*Simulator, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s := &Simulator{cfg: c, byID: map[string]*group{}, tokens: map[string]time.Time{}}
	for i := range c.Groups + c.NewGroups {
		s.made = append(s.made, newGroup(&c, i))
	}
	s.groups = append(s.groups, s.made...)
	if c.Example {
		s.groups = append(s.groups, exampleGroup())
	}
	for _, g := range s.groups {
		s.byID[g.id] = g
		if c.Prerender && g.fixed == nil {
			g.prerender()
		}
	}
	s.plan()
	return s, nil
}

// Project is the project id that the simulator answers for.
func (s *Simulator) Project() string { return s.cfg.Project }

// count adds one to one of the counts.
func (s *Simulator) count(what *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*what++
}

// Counts is how many requests have come so far.
func (s *Simulator) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Handler serves the API, and /truth, /counts, /polls and /healthz beside it, which
// need no sign-in and meet no fault.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /autoscaling-api/v2/{project}/scaling_activity_log/{group}", s.polled(s.api(s.logs, func(c *Counts) *int { return &c.Logs })))
	mux.HandleFunc("GET /autoscaling-api/v1/{project}/scaling_group", s.api(s.groupList, func(c *Counts) *int { return &c.Groups }))
	mux.HandleFunc("GET /autoscaling-api/v1/{project}/scaling_group/{group}", s.api(s.groupDetail, func(c *Counts) *int { return &c.Groups }))
	mux.HandleFunc("POST /v3/auth/tokens", s.signIn)
	mux.HandleFunc("GET /truth", s.serveTruth)
	mux.HandleFunc("GET /counts", s.serveCounts)
	mux.HandleFunc("GET /polls", s.servePolls)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		gatewayError(http.StatusNotFound, "APIG.0101", "The API does not exist or has not been published in the environment", 0).
			send(w, s.cfg.Now(), false)
	})
	return mux
}

// A call answers one API request; n is its number.
type call func(r *http.Request, n uint64) answer

// api puts a call behind what stands before it in the cloud: the gateway with
// its limits and failures, then the check of who asks and for which project.
func (s *Simulator) api(f call, count func(*Counts) *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := s.number.Add(1)
		fate := s.fate(n, r.PathValue("group"))
		if fate.slow {
			s.count(&s.counts.Stalled)
			if !pause(r, s.cfg.Faults.SlowFor) {
				return
			}
		}
		now := s.cfg.Now()
		a, refused := s.gateway(fate, n, now, count)
		if !refused {
			a, refused = s.authenticate(r, n, now)
		}
		switch project := r.PathValue("project"); {
		case refused:
		case project != s.cfg.Project:
			a = serviceError(http.StatusBadRequest, "AS.0008", "The project ID in the URL does not match that of the token.")
		default:
			a = f(r, n)
		}
		if fate.garbage && !refused && a.status == http.StatusOK {
			s.count(&s.counts.Spoilt)
			a = spoil(a, n)
		}
		if fate.drop {
			s.count(&s.counts.Dropped)
		}
		a.send(w, now, fate.drop)
	}
}
