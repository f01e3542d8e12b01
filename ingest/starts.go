package ingest

import (
	"sync"
	"time"
)

// apart is how long after one another the first polls of groups begin.
const apart = 600 * time.Microsecond

// Starts are the moments at which a process reads groups that need not wait for their
// place in the interval: those that it never read, those that are gone, once more, and
// those in which something is under way. What thousands take that are found together
// and begin at once, stacks above all, would be there before the collector sees it. A
// nil *Starts lets all begin at once.
type Starts struct {
	mu   sync.Mutex
	next time.Time
}

// after is how long the next first poll waits before it begins.
func (s *Starts) after() time.Duration {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.next.Before(now) {
		s.next = now
	}
	wait := s.next.Sub(now)
	s.next = s.next.Add(apart)
	return wait
}
