package ingest

import (
	"sync"
	"time"
)

// horizonWait is how long a decision waits for groups that are not heard of.
const horizonWait = 10 * time.Minute

// Horizons remember how far back each source shows records at all: the
// greatest age at which it still showed one. The API tells nobody how long it
// keeps records, so an empty past has two readings: nothing happened, or it is
// forgotten. It is taken for empty only where the group was created after the
// horizon; where it was created before, what lies before its own oldest record
// is lost to retention, and said to be.
//
// An age is remembered, not a moment: a record that was shown last month may be
// forgotten by now, but a source that shows records of thirty days still does.
// Checkpoints keep the ages, so that a restart in a quiet month knows as much.
//
// A decision waits until the groups that are being read have shown their
// oldest rows, or for ten minutes. What one process sees, the others learn only
// from the checkpoints of the shards they take; less known errs towards a gap.
type Horizons struct {
	mu     sync.Mutex
	source map[string]*horizon
}

type horizon struct {
	age     time.Duration // greatest age of a record that was shown
	waiting map[string]time.Time
	deepest int           // the last offset that it takes, as found
	found   time.Time     // when
	turn    chan struct{} // holds one token while somebody looks for that
}

func (h *Horizons) of(source string) *horizon {
	if h.source == nil {
		h.source = map[string]*horizon{}
	}
	if h.source[source] == nil {
		h.source[source] = &horizon{waiting: map[string]time.Time{}, turn: make(chan struct{}, 1)}
	}
	return h.source[source]
}

// note takes the age of a row when the source showed it.
func (h *Horizons) note(source string, age time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(source)
	s.age = max(s.age, age)
}

// shrank takes back how far the source goes: it was seen not to show what is
// older than this any more.
func (h *Horizons) shrank(source string, age time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(source)
	s.age = min(s.age, age)
}

// depth is the last offset that the source takes, as far as is known.
func (h *Horizons) depth(source string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.of(source); time.Since(s.found) < depthHolds {
		return s.deepest
	}
	return deepest
}

// turn is filled by who looks for the source's depth.
func (h *Horizons) turn(source string) chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.of(source).turn
}

// refused notes that the source refuses what is deeper.
func (h *Horizons) refused(source string, deeper int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(source)
	if time.Since(s.found) < depthHolds {
		deeper = min(s.deepest, deeper)
	}
	s.deepest, s.found = min(deepest, deeper), time.Now()
}

// reach is the greatest age at which the source showed a row.
func (h *Horizons) reach(source string) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.of(source).age
}

// expect says that a group is about to show how far back it goes; heard, that
// it has, or that it will not.
func (h *Horizons) expect(source, group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of(source).waiting[group] = time.Now()
}

func (h *Horizons) heard(source, group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.of(source).waiting, group)
}

// empty says whether the time after created, in which a group shows nothing,
// is truly empty; and whether that can be said yet.
func (h *Horizons) empty(source string, created *time.Time) (empty, decided bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(source)
	if created != nil && s.age > 0 && time.Now().Add(-s.age).Before(*created) {
		return true, true
	}
	for _, since := range s.waiting {
		if time.Since(since) < horizonWait {
			return false, false
		}
	}
	return false, true
}
