package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/checkpoint"
)

// lastRead reads a group that is in no list any more once more, if it still
// answers, and parks it. What is not proved by then never will be: it is noted
// as lost. Its history stays.
func (w *worker) lastRead(ctx context.Context) error {
	err := w.tail(ctx)
	answers := err == nil
	if err != nil && !errors.Is(err, ErrNoGroup) {
		return err // a right that is missing may be given yet: nothing is lost by waiting
	}
	w.mu.Lock()
	filled, filling, saving := w.filled, w.filling, w.saving
	w.mu.Unlock()
	if saving { // a proof that came after the parking would not be doubted by it
		return nil
	}
	if filling || answers && !filled && len(w.holes()) > 0 {
		return nil // the loop starts the backfill, and comes back
	}
	if err := w.park(ctx); err != nil {
		return fmt.Errorf("park: %w", err)
	}
	return nil
}

func (w *worker) park(ctx context.Context) error {
	parked := true
	b := &Batch{Parked: &parked}
	w.mu.Lock()
	g := &w.group
	if g.GoneAt == nil { // it is back
		w.mu.Unlock()
		return nil
	}
	gone := second(*g.GoneAt)
	from := g.From
	if !g.Known && w.begun == nil { // it was never read
		from = gone
		if wanted := wantedFrom(w.from(time.Now()), g.Created); wanted != nil {
			from = checkpoint.Earlier(gone, second(*wanted))
		}
		w.begun = &Begin{From: from, Tail: gone}
	}
	if w.begun != nil {
		from = w.begun.From
	}
	for _, span := range g.Covered.Holes(Span{From: from, To: gone}).Sub(g.Lost...) {
		b.Lost = append(b.Lost, checkpoint.Lost{Span: span, Reason: checkpoint.Gone})
	}
	w.mu.Unlock()
	_, err := w.commit(ctx, Tail, b)
	return err
}

// disbelief is how long an empty answer is not believed where rows were seen:
// long enough for two lists to tell that the group is gone.
const disbelief = 15 * time.Minute

// vanished says that an empty span is not to be taken for one in which nothing
// happened: the group is in no list, or rows of the span were seen a moment ago.
// So a group answers that was deleted, and that no list has missed yet; what it
// did last would be covered unread. Of one that was quiet before nothing tells
// it here: what such an answer covers waits for a later list that has the group
// (see Batch.EmptyBy).
func (w *worker) vanished(span Span) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.group.GoneAt != nil {
		return true
	}
	here := func(at time.Time) bool { return !at.Before(span.From) && (span.To.IsZero() || at.Before(span.To)) }
	seen := false
	for _, k := range w.known {
		seen = seen || here(k.start)
	}
	for _, o := range w.open {
		seen = seen || o.start != nil && here(*o.start)
	}
	if !seen {
		return false
	}
	if w.emptied.IsZero() {
		w.emptied = time.Now()
	}
	return time.Since(w.emptied) < disbelief
}
