package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/checkpoint"
)

// holes are what is wanted, before the front, and neither proved nor lost. What
// was lost because the group was gone may be read once it is back.
func (w *worker) holes() checkpoint.Coverage {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := &w.group
	if !g.Known {
		return nil
	}
	lost := g.Lost
	if g.GoneAt == nil {
		lost = lost.Sub(g.LostGone...)
	}
	return g.Covered.Holes(Span{From: g.From, To: w.frontLocked()}).Sub(lost...)
}

// pastBegins is where the group's own records begin, as far as is known with
// this row: a backfill proves nothing before it.
func (w *worker) pastBegins(seen *time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if oldest := older(w.group.Oldest, seen); oldest != nil {
		return checkpoint.Earlier(second(*oldest), w.group.TailFrom)
	}
	return w.group.TailFrom
}

// reach is how far back an empty answer can be believed: as far as the source
// is known to show records, and a week in any case.
func (w *worker) reach(now time.Time) time.Time {
	return second(now.Add(-max(leastReach, w.horizons.reach(w.target().Source))))
}

// unborn says that a row claims to have started before its group was created:
// a stamp like that must not tell how far back the source goes.
func (w *worker) unborn(start time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.group.Created != nil && start.Before(second(*w.group.Created))
}

// leastReach is how long any source keeps records; comparable clouds keep a
// month and more.
const leastReach = 7 * 24 * time.Hour

// startBackfill runs the backfill beside the tail, if there is something to
// read and it does not run.
func (w *worker) startBackfill(ctx context.Context) {
	if len(w.holes()) == 0 {
		t := w.target()
		w.horizons.heard(t.Source, t.Group)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.filling {
		return
	}
	w.filling = true
	w.spawn(func() error { return w.backfill(ctx) })
}

// backfill reads the holes, oldest first, until there are none. Only so many
// groups of a process do it at once. A hole that does not close is tried again
// ever less often; the group's tail never waits for it.
func (w *worker) backfill(ctx context.Context) error {
	t := w.target()
	defer func() {
		w.horizons.heard(t.Source, t.Group)
		w.mu.Lock()
		w.filling = false
		w.mu.Unlock()
	}()
	for wait := time.Minute; ; wait = min(2*wait, mostFollow) {
		select {
		case w.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		read, err := w.fill(ctx)
		<-w.slots
		w.horizons.heard(t.Source, t.Group)
		if err == nil {
			err = w.judgePast(ctx, read)
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, checkpoint.ErrLost) {
			return err
		}
		if err != nil {
			w.warn(t, fmt.Errorf("backfill: %w", err))
		}
		w.mu.Lock()
		w.filled = err == nil
		gone := w.group.GoneAt != nil
		w.mu.Unlock()
		if len(w.holes()) == 0 || gone {
			return nil
		}
		select {
		case <-time.After(wait):
		case <-w.dug: // a new hole does not wait for one that will not close
			wait = time.Minute / 2
		case <-ctx.Done():
			return nil
		}
	}
}

// fill reads each hole once, and returns what was read whole. A hole that
// cannot be read keeps none of the others: the first error is returned at the end.
func (w *worker) fill(ctx context.Context) (read checkpoint.Coverage, failed error) {
	t := w.target()
	w.mu.Lock()
	read, w.read = w.read, nil
	w.mu.Unlock()
	for _, hole := range w.holes() {
		if read.Contains(hole) {
			continue
		}
		err := w.readSpan(ctx, Backfill, hole, func(res result) error {
			if res.proved {
				read = read.Add(res.span)
			}
			if w.oldestKnown() != nil {
				w.horizons.heard(t.Source, t.Group)
			}
			return nil
		})
		if err == nil {
			continue
		}
		if failed == nil {
			failed = fmt.Errorf("read %s: %w", hole, err)
		}
		if ctx.Err() != nil || errors.Is(err, checkpoint.ErrLost) || errors.Is(err, ErrRefused) || errors.Is(err, ErrNoGroup) {
			return read, err
		}
	}
	return read, failed
}

// judgePast says of the time before the group's oldest record, which was read
// and is empty, whether it is covered or lost. It waits until that can be said.
func (w *worker) judgePast(ctx context.Context, read checkpoint.Coverage) error {
	w.mu.Lock()
	from, created, forgotten := w.group.From, w.group.Created, w.forgotten
	w.mu.Unlock()
	past := read.Sub(read.Sub(w.holes()...)...) // what was read and is a hole nevertheless
	if err := w.lost(ctx, within(past, Span{From: from, To: forgotten})); err != nil {
		return err
	}
	for unjudged := past; ; {
		// Others may have shown meanwhile that the source reaches further.
		past = within(unjudged, Span{From: checkpoint.Later(from, forgotten), To: checkpoint.Later(w.pastBegins(nil), w.reach(time.Now()))})
		if len(past) == 0 {
			return nil
		}
		empty, decided := w.horizons.empty(w.target().Source, created)
		switch {
		case empty:
			w.mu.Lock()
			by := checkpoint.Later(time.Now(), time.Now().Add(w.skew+time.Second))
			w.mu.Unlock()
			_, err := w.commit(ctx, Backfill, &Batch{Covered: past, EmptyBy: by})
			return err
		case decided:
			past, err := w.forgettable(ctx, past)
			if err != nil {
				return err
			}
			return w.lost(ctx, past)
		}
		if !pause(ctx, 5*time.Second) {
			return ctx.Err()
		}
	}
}

// forgettable is the part of an empty past that may be called lost. Of a source
// that has shown nothing older than a week nobody knows how far it reaches: where
// older actions of the group are stored, an empty answer about what is after them
// is read again, and no loss.
func (w *worker) forgettable(ctx context.Context, past checkpoint.Coverage) (lost checkpoint.Coverage, err error) {
	if w.horizons.reach(w.target().Source) >= leastReach {
		return past, nil
	}
	for _, span := range past {
		newest, err := w.newestBefore(ctx, span.From)
		if err != nil {
			return nil, err
		}
		if newest == nil {
			lost = lost.Add(span)
		}
	}
	return lost, nil
}

// lost notes what the API has forgotten.
func (w *worker) lost(ctx context.Context, past checkpoint.Coverage) error {
	b := &Batch{}
	for _, span := range past {
		b.Lost = append(b.Lost, checkpoint.Lost{Span: span, Reason: checkpoint.Retention})
	}
	_, err := w.commit(ctx, Backfill, b)
	return err
}

func within(c checkpoint.Coverage, s Span) (cut checkpoint.Coverage) {
	for _, part := range c {
		cut = cut.Add(part.Intersect(s))
	}
	return cut
}

// pause waits, and says whether it waited to the end.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
