package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"aslogd/checkpoint"
)

// An errand is one part under way: what was read of it since its last report.
// Its passes tell it of every request and every page.
type errand struct {
	w     *worker
	desk  Desk
	lease checkpoint.Lease
	part  checkpoint.Part
	at    time.Time // everything before it has been read and reported

	mu     sync.Mutex // pages of a pass come side by side
	sums   checkpoint.PartReport
	found  map[string]checkpoint.Difference // by kind and id, of the piece that is being read
	differ bool                             // something was found to differ, in any piece
}

// class is the errand's share of the budget.
func (e *errand) class() Class {
	if e.part.Command == checkpoint.CommandReconcile {
		return Reconcile
	}
	return Backfill
}

// run reads what is left of the part, oldest first, piece by piece, and reports
// after each.
func (e *errand) run(ctx context.Context) error {
	rest := Span{From: second(e.at), To: e.part.Span.To}
	began := e.w.order(time.Now())
	err := e.w.readSpanFor(ctx, e, e.class(), rest, func(res result) error {
		if e.part.Command == checkpoint.CommandReconcile && res.proved {
			if err := e.extras(ctx, res, began); err != nil {
				return err
			}
		}
		began = e.w.order(time.Now())
		return e.piece(ctx, res)
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", rest, err)
	}
	if e.part.Command == checkpoint.CommandReconcile {
		if err := e.conclude(ctx); err != nil {
			return err
		}
	}
	if err := e.widen(ctx); err != nil {
		return err
	}
	return e.report(ctx, checkpoint.PartReport{Outcome: checkpoint.Done})
}

// widen has a backfill that began before what was wanted of the group want it
// from there on: what it could not prove is then seen as a gap, and judged by
// the group's own reading. It comes last, so that this reading need not read
// what was just read.
func (e *errand) widen(ctx context.Context) error {
	if e.part.Command != checkpoint.CommandBackfill {
		return nil
	}
	from := e.part.Span.From
	e.w.mu.Lock()
	if created := e.w.group.Created; created != nil {
		from = checkpoint.Later(from, second(*created))
	}
	wider := from.Before(e.w.group.From)
	e.w.mu.Unlock()
	if !wider {
		return nil
	}
	if _, err := e.w.commit(ctx, Backfill, &Batch{From: &from}); err != nil {
		return fmt.Errorf("want the group from %s on: %w", from, err)
	}
	return nil
}

// piece reports that one more piece has been read.
func (e *errand) piece(ctx context.Context, res result) error {
	e.mu.Lock()
	e.sums.Rows += res.total
	if !res.proved || res.span.From.After(e.at) { // what was skipped before it could not be read at all
		e.sums.Unproved++
	}
	e.mu.Unlock()
	if err := e.report(ctx, checkpoint.PartReport{Position: res.span.To}); err != nil {
		return err
	}
	e.at = res.span.To
	return nil
}

// report sends what has come together, and takes it as told only once it is.
func (e *errand) report(ctx context.Context, r checkpoint.PartReport) error {
	e.mu.Lock()
	sums := e.sums
	for _, d := range e.found {
		r.Differences = append(r.Differences, d)
	}
	e.mu.Unlock()
	r.Requests, r.Rows, r.New, r.Changed, r.Unproved = sums.Requests, sums.Rows, sums.New, sums.Changed, sums.Unproved
	if err := e.desk.Report(ctx, e.lease, e.part, r); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.differ = e.differ || len(r.Differences) > 0
	e.sums, e.found = checkpoint.PartReport{}, nil
	return nil
}

// looks says that the errand only looks: whatever it sees changes no state.
func (e *errand) looks() bool {
	return e != nil && e.part.Command == checkpoint.CommandReconcile && !e.part.Repair
}

// asked counts a request.
func (e *errand) asked() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sums.Requests++
}

// took counts what a commit came to.
func (e *errand) took(out Outcome) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sums.New += out.New
	e.sums.Changed += out.Changed
}

// sees is told of what a pass has read before it is committed, and says whether
// it is to be: reconcile without repair changes nothing.
func (e *errand) sees(ctx context.Context, b *Batch) (commit bool, err error) {
	if e == nil || e.part.Command != checkpoint.CommandReconcile {
		return true, nil
	}
	return e.part.Repair, e.compare(ctx, b)
}
