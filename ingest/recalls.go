package ingest

import "sync/atomic"

// rowTakes is about what a row's id takes that is remembered.
const rowTakes = 128

// Recalls is the room that the workers of a process share for rows that they
// remember from one poll to the next, or for their backfill: so that it does not
// grow with the groups. Whoever finds none remembers nothing, and asks again. A nil
// *Recalls has no bound.
type Recalls struct{ room atomic.Int64 } // for so many rows

// NewRecalls is room that takes up so much memory at the most.
func NewRecalls(bytes int64) *Recalls {
	r := &Recalls{}
	r.room.Store(bytes / rowTakes)
	return r
}

// take says whether there was room for so many rows, which is taken then.
func (r *Recalls) take(rows int) bool {
	if r == nil || r.room.Add(-int64(rows)) >= 0 {
		return true
	}
	r.give(rows)
	return false
}

func (r *Recalls) give(rows int) {
	if r != nil {
		r.room.Add(int64(rows))
	}
}

// forgetRows gives back the room of what the worker remembers.
func (w *worker) forgetRows() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holdLocked(nil, nil)
}

// holdLocked remembers these for those that were, where there is room.
func (w *worker) holdLocked(r *recall, h *headstart) {
	if w.recall != nil {
		w.recalls.give(len(w.recall.rows))
	}
	if w.head != nil {
		w.recalls.give(len(w.head.rows))
	}
	w.recall, w.head = nil, nil
	if r != nil && w.recalls.take(len(r.rows)) {
		w.recall = r
	}
	if h != nil && w.recalls.take(len(h.rows)) {
		w.head = h
	}
}
