package ingest

import (
	"sync"
	"time"
)

// horizonWait is how long a decision waits for groups that are not heard of.
const horizonWait = 10 * time.Minute

// Horizons remember how far back each source shows records at all: the start
// of the oldest row that any of its groups showed to this process. The API
// tells nobody how long it keeps records, so an empty past has two readings:
// nothing happened, or it is forgotten. It is taken for empty only where the
// group was created after the horizon; where it was created before, what lies
// before its own oldest record is lost to retention, and said to be.
//
// A decision waits until the groups that are being read have shown their
// oldest rows, or for ten minutes. What one process saw is not told to the
// others: each judges its own shards by it, and errs towards a gap.
type Horizons struct {
	mu     sync.Mutex
	source map[string]*horizon
}

type horizon struct {
	oldest  *time.Time
	waiting map[string]time.Time
}

func (h *Horizons) of(source string) *horizon {
	if h.source == nil {
		h.source = map[string]*horizon{}
	}
	if h.source[source] == nil {
		h.source[source] = &horizon{waiting: map[string]time.Time{}}
	}
	return h.source[source]
}

// note takes the start of a row that the source showed.
func (h *Horizons) note(source string, start time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(source)
	s.oldest = older(s.oldest, &start)
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
	if created != nil && s.oldest != nil && s.oldest.Before(*created) {
		return true, true
	}
	for _, since := range s.waiting {
		if time.Since(since) < horizonWait {
			return false, false
		}
	}
	return false, true
}
