package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/checkpoint"
)

// Operations are what people asked for: spans of groups to be read again.
type Operations interface {
	// Work is up to most parts of the shard that have not ended and are not
	// under way here.
	Work(ctx context.Context, shard int, underWay []checkpoint.Part, most int) ([]checkpoint.Part, error)
	// Report makes durable what became of a part.
	Report(ctx context.Context, l checkpoint.Lease, p checkpoint.Part, r checkpoint.PartReport) error
}

// An Inventory says what is stored of a group, for reconcile to compare with.
type Inventory interface {
	Stored(ctx context.Context, group string, actions []string) ([]checkpoint.Stored, error)
	StoredIn(ctx context.Context, group string, span Span, epoch int64, before time.Time) ([]checkpoint.Stored, error)
}

// A Quarantine holds the records of a group that could not be taken.
type Quarantine interface {
	Quarantined(ctx context.Context, group string) (actions []string, err error)
	Resolve(ctx context.Context, l checkpoint.Lease, group, action string, reasons []string) error
}

// A Desk is where what people asked for lies, with all that it takes to do it.
type Desk interface {
	Operations
	Inventory
	Quarantine
}

const (
	partsAtOnce = 2               // parts of one shard that are under way; the budget is the bound, not their number
	deskPause   = 2 * time.Second // how often the desk is looked at
	maxFailures = 6               // tries in a row that get nowhere, before a part is given up
	unreadPause = time.Minute     // how often it is looked whether a group is read again

	unread = "nobody reads the group: the configuration has not its source, or names other groups of it; this waits until it does, or is cancelled"
)

// operate takes parts off the desk, as long as the shard is held. A part that
// somebody else began goes on where it was last reported to be; nothing of it
// is in this process alone.
func (f *Fleet) operate(ctx context.Context, lease checkpoint.Lease, find func(group string) *member, spawn func(func() error)) {
	underWay := map[checkpoint.Part]bool{}
	waiting := map[checkpoint.Part]time.Time{} // whose group nobody reads here; told then
	ended := make(chan checkpoint.Part)
	for told := false; ; {
		select {
		case p := <-ended:
			delete(underWay, p)
			continue
		case <-ctx.Done():
			return
		case <-time.After(deskPause):
		}
		free := partsAtOnce - len(underWay)
		if free <= 0 {
			continue
		}
		busy := make([]checkpoint.Part, 0, len(underWay)+len(waiting))
		for p := range underWay {
			busy = append(busy, p)
		}
		for p, since := range waiting { // they must not stand in others' way
			if time.Since(since) < unreadPause {
				busy = append(busy, p)
			} else {
				delete(waiting, p)
			}
		}
		parts, err := f.Desk.Work(ctx, lease.Shard, busy, free)
		if err != nil {
			if !told && ctx.Err() == nil {
				f.Warn(Target{Shard: lease.Shard}, err)
			}
			told = true
			continue
		}
		told = false
		for _, p := range parts {
			w := find(p.Group)
			if w == nil {
				waiting[p] = time.Now()
				// Should nobody be told now, it is said again a minute later.
				_ = f.Desk.Report(ctx, lease, p, checkpoint.PartReport{Failure: unread})
				continue
			}
			underWay[p] = true
			spawn(func() error {
				err := w.errand(w.ctx, f.Desk, lease, p)
				select {
				case ended <- p:
				case <-ctx.Done():
				}
				return err
			})
		}
	}
}

// errand carries a part out, trying again what fails, and says how it ended.
// It returns only the error of a shard that was lost.
func (w *worker) errand(ctx context.Context, desk Desk, lease checkpoint.Lease, part checkpoint.Part) error {
	e := &errand{w: w, desk: desk, lease: lease, part: part, at: part.Position}
	wait, reached := 5*time.Second, e.at
	for failures := 0; ; {
		err := e.run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, checkpoint.ErrLost) {
			return fmt.Errorf("group %s: %w", part.Group, err)
		}
		if err == nil || errors.Is(err, checkpoint.ErrEnded) {
			return nil
		}
		w.warn(w.target(), fmt.Errorf("operation %d (%s): %w", part.Operation, part.Command, err))
		failures++
		if e.at.After(reached) {
			failures, wait, reached = 1, 5*time.Second, e.at
		}
		r := checkpoint.PartReport{Failure: err.Error()}
		if failures >= maxFailures || errors.Is(err, ErrRefused) || errors.Is(err, ErrNoGroup) {
			r.Outcome = err.Error()
		}
		if told := e.report(ctx, r); told == nil && r.Outcome != "" || errors.Is(told, checkpoint.ErrEnded) {
			return nil
		} else if errors.Is(told, checkpoint.ErrLost) {
			return fmt.Errorf("group %s: %w", part.Group, told)
		}
		if !pause(ctx, wait) {
			return nil
		}
		wait = min(2*wait, 5*time.Minute)
	}
}
