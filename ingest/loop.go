package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"aslogd/checkpoint"
)

// mostRefused is how rarely a group is asked for that only refuses.
const mostRefused = time.Hour

// soon is how long a poll that failed waits for the next, at first, where the interval
// is longer, and within what time a poll is made up for that nobody was there for.
const soon = time.Minute

// run polls the group until ctx ends or the shard is lost. Whatever goes wrong
// with one round is told, and the next round tries again.
func (w *worker) run(ctx context.Context) error {
	defer w.forgetRows()
	t := w.target()
	w.mu.Lock()
	known, ends := w.group.Known, w.group.GoneAt != nil && !w.group.Parked
	w.mu.Unlock()
	wait := w.untilFirst(time.Now())
	if !known || ends || w.pace() > 0 { // what is under way was followed a moment ago
		wait = w.starts.after()
	}
	if !known || len(w.holes()) > 0 {
		w.horizons.expect(t.Source, t.Group)
		defer w.horizons.heard(t.Source, t.Group) // it will show nothing here any more
	}
	if known {
		w.startBackfill(ctx)
	}
	for failed := 0; ; {
		if !w.sleep(ctx, wait) {
			return nil
		}
		begun := time.Now()
		err := w.round(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, checkpoint.ErrLost):
			return fmt.Errorf("group %s: %w", t.Group, err)
		case err == nil:
			failed = 0
			w.startBackfill(ctx)
			w.startSettle(ctx)
			if wait = w.onBeat(time.Now(), w.pace()); wait == 0 {
				wait = w.afterRound(begun)
			}
			continue
		}
		failed++
		if bits.OnesCount(uint(failed)) == 1 { // told at the first, second, fourth, … failure in a row
			w.warn(w.target(), fmt.Errorf("poll (failed %d times in a row): %w", failed, err))
		}
		wait = min(w.afterRound(begun), soon<<min(failed-1, 12))
		if errors.Is(err, ErrRefused) || errors.Is(err, ErrNoGroup) {
			wait = max(wait, min(w.poll<<min(failed, 16), mostRefused))
			w.horizons.heard(t.Source, t.Group)
		}
		if errors.Is(err, errHeld) {
			w.horizons.heard(t.Source, t.Group) // the others need not wait for it
		}
	}
}

// round is one poll of the group.
func (w *worker) round(ctx context.Context) error {
	w.mu.Lock()
	gone, parked := w.group.GoneAt != nil, w.group.Parked
	w.mu.Unlock()
	switch {
	case gone && parked:
		return nil
	case gone:
		return w.lastRead(ctx)
	case parked:
		if _, err := w.commit(ctx, Tail, &Batch{Parked: new(bool)}); err != nil {
			return fmt.Errorf("take up again: %w", err)
		}
	}
	err := w.tail(ctx)
	w.mu.Lock()
	w.polled = time.Now()
	w.mu.Unlock()
	if err != nil {
		return err
	}
	return w.followFar(ctx)
}

// sleep waits for the time or a hint, whichever is first. A group that is gone
// and read to its end waits for hints alone.
func (w *worker) sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	w.mu.Lock()
	parked := w.group.Parked && w.group.GoneAt != nil
	w.mu.Unlock()
	due := timer.C
	if parked {
		due = nil
	}
	select {
	case <-due:
	case <-w.hint:
		w.mu.Lock()
		w.hinted = true
		w.mu.Unlock()
	case <-ctx.Done():
		return false
	}
	return true
}

// untilPoll is the time to the group's next place in the poll interval: polls spread
// evenly, and stay where they are after a restart.
func (w *worker) untilPoll(now time.Time) time.Duration {
	if w.poll <= 0 {
		return 0
	}
	past := time.Duration(now.UnixNano()) % w.poll
	return (w.place()-past+w.poll-1)%w.poll + 1
}

// untilFirst is the time to a worker's first poll. Where its last place was missed, as
// nobody had the shard then, the group does not wait for the next: such polls are
// spread over a minute as places are.
func (w *worker) untilFirst(now time.Time) time.Duration {
	wait := w.untilPoll(now)
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.polled) >= w.poll {
		return wait % soon
	}
	return wait
}

// afterRound is the time to the place that follows a round's beginning. A round
// that lasted beyond it is followed by the next at once: a place left out would
// leave the group unpolled for two intervals. A clock that is being set can let
// a round begin just before its place: that is not polled twice.
func (w *worker) afterRound(begun time.Time) time.Duration {
	early := min(100*time.Millisecond, w.poll/10)
	return max(0, early+w.untilPoll(begun.Add(early))-time.Since(begun))
}

// update takes what the group list says of the group now.
func (w *worker) update(g checkpoint.Group) {
	w.mu.Lock()
	was := w.group
	w.group.Name, w.group.Scaling, w.group.GoneAt, w.group.HintedAt = g.Name, g.Scaling, g.GoneAt, g.HintedAt
	if g.Created != nil {
		w.group.Created = g.Created
	}
	hinted := g.HintedAt != nil && (was.HintedAt == nil || g.HintedAt.After(*was.HintedAt))
	moved := (was.GoneAt == nil) != (g.GoneAt == nil)
	// A group that goes on scaling is polled fast already, though its numbers
	// change: only that it began or ended is worth a request of its own.
	wake := moved || hinted && !(was.Scaling && g.Scaling)
	if moved {
		w.filled = false
	}
	jump := w.jump
	if wake {
		w.stirred, w.jump = time.Now(), nil
	}
	w.mu.Unlock()
	switch {
	case !wake:
	case jump != nil:
		jump()
	default:
		w.awake()
	}
}
