package simulator

import "time"

// Rest brings the world to rest: no live action begins from now on, nothing
// drifts, and the weather clears. What has begun goes on to its end, and late
// actions are still shown when they are due, so that the truth stands still a
// while after. How the API answers otherwise stays as it was.
func (s *Simulator) Rest() {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(now)
	if s.rest.IsZero() {
		s.rest = now
	}
}

// resting tells whether the world was at rest at that moment. The caller holds
// s.mu.
func (s *Simulator) resting(at time.Time) bool { return !s.rest.IsZero() && !at.Before(s.rest) }

// fate is what befalls request n, for a group or (where that is empty) for the list.
func (s *Simulator) fate(n uint64, group string) fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.rest.IsZero() {
		return fate{}
	}
	f := s.cfg.Faults.fate(s.cfg.Seed, n)
	if g := s.byID[group]; g != nil {
		f.slow, f.fail = f.slow || g.slow, f.fail || g.fails
	}
	return f
}
