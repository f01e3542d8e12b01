package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aslogd/checkpoint"
)

const (
	giveUp     = 7 * 24 * time.Hour // an action that has not ended by then is not asked for again
	mostFollow = 6 * time.Hour
	restless   = 15 * time.Minute // how long is_scaling alone keeps a group polled fast
	mostFar    = 3                // open actions behind the tail that one poll asks for: a request each
)

// A following is an action that has not ended.
type following struct {
	start *time.Time
	seen  time.Time // when it was first seen, in our clock
	asked time.Time // when it was last read, in our clock
}

// near says that the tail's span is to reach back to the action.
func (f *following) near(front time.Time) bool {
	return f.start != nil && f.start.After(front.Add(-nearOpen))
}

// due says whether an action that the tail does not see is to be asked for by
// its id: ever less often, a tenth of its age apart.
func (f *following) due(now time.Time, poll time.Duration) bool {
	return now.Sub(f.asked) >= min(max(f.age(now)/10, poll), mostFollow)
}

func (f *following) age(now time.Time) time.Duration {
	if f.start != nil {
		return now.Sub(*f.start)
	}
	return now.Sub(f.seen)
}

// followFar asks for open actions that are behind the tail: for a few, those
// first that waited longest. A group with hundreds of them must not spend what
// all groups live on, nor keep its own tail waiting.
func (w *worker) followFar(ctx context.Context) error {
	var due []*following
	ids := map[*following]string{}
	w.mu.Lock()
	front, now := w.frontLocked(), time.Now()
	for id, f := range w.open {
		switch {
		case f.age(now) > giveUp:
			delete(w.open, id)
		case !f.near(front) && f.due(now, w.poll):
			due, ids[f] = append(due, f), id
		}
	}
	if now.Sub(w.far) < w.poll/2 { // polls may be seconds apart
		due = nil
	}
	slices.SortFunc(due, func(a, b *following) int { return a.asked.Compare(b.asked) })
	due = due[:min(len(due), mostFar)]
	for _, f := range due {
		f.asked, w.far = now, now
	}
	w.mu.Unlock()
	for _, f := range due {
		id := ids[f]
		page, err := w.api.Actions(ctx, Follow, w.target().Group, Query{LogID: id, Limit: 1})
		var bad *PageError
		if errors.As(err, &bad) { // one bad record is one bad record
			page, err = &Page{Rejects: []Reject{bad.Reject}}, nil
		}
		var part *PartError
		if errors.As(err, &part) {
			page, err = part.Page, nil
		}
		if err != nil {
			return fmt.Errorf("ask for open action %s: %w", id, err)
		}
		_, err = w.commit(ctx, Follow, &Batch{Actions: w.oldestFirst(page), Rejects: page.Rejects})
		page.Done()
		if err != nil {
			return fmt.Errorf("commit open action %s: %w", id, err)
		}
	}
	return nil
}

// pace is the time to the next poll while something is under way in the group:
// short at first and after a start, longer the longer nothing new comes; 0 when it
// rests, or when its place in the interval comes no later.
func (w *worker) pace() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	busy := w.group.Scaling
	for _, o := range w.open {
		busy = busy || o.near(w.frontLocked())
	}
	still := time.Since(checkpoint.Later(w.stirred, w.hired))
	if !busy || w.group.GoneAt != nil || still > restless {
		return 0
	}
	wait := max(w.follow, still/10)
	if wait >= w.poll { // counted from the round's end, it would come later than its place
		return 0
	}
	return wait
}
