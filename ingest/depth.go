package ingest

import (
	"context"
	"errors"
	"time"
)

// errTooDeep says that the API refuses an offset that was thought to be one it
// takes. It is known by then how deep one may ask.
var errTooDeep = errors.New("the offset is too deep for the API")

// depthHolds is how long a lesser depth is believed of a source without being
// seen again: one that takes more after all is to be read as far as it goes.
const depthHolds = 30 * time.Minute

// depth is the last offset that the API takes: what its makers say, until it is
// seen to refuse a lesser one to any group of the source.
func (w *worker) depth() int { return w.horizons.depth(w.target().Source) }

// fathom finds the deepest offset that is taken, by halving, after one further
// down was refused twice, as an offset. To the row: rounded to pages, rows that can
// be reached would be given up. A refusal for another cause (a right that
// is missing for a moment) says nothing of the depth, and ends it.
//
// One at a time looks, of those whose news can wait: many pages of many groups
// may be refused at once, and one answer does for all.
func (p *pass) fathom(ctx context.Context, q Query, refusal error) error {
	if p.class > Tail {
		turn := p.w.horizons.turn(p.w.target().Source)
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
		if p.w.depth() < q.Start {
			return errTooDeep
		}
	}
	low, high := 0, q.Start
	for q.Limit = 1; high-low > 1; {
		q.Start = (low + high) / 2
		p.mu.Lock()
		p.scan.Requests++
		p.mu.Unlock()
		p.errand.asked()
		page, err := p.w.api.Actions(ctx, p.class, p.w.target().Group, q)
		if err == nil {
			page.Done()
		}
		switch {
		case errors.Is(err, ErrOffset):
			high = q.Start
		case err != nil && !errors.Is(err, ErrNotJSON):
			return err
		default:
			low = q.Start
		}
	}
	if low < pageLimit { // less than a page deep: nothing could be paged through
		return refusal
	}
	p.w.horizons.refused(p.w.target().Source, low)
	return errTooDeep
}
