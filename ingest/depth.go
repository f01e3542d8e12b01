package ingest

import (
	"context"
	"errors"
)

// errTooDeep says that the API refuses an offset that was thought to be one it
// takes. It is known by then how deep one may ask.
var errTooDeep = errors.New("the offset is too deep for the API")

// depth is the last offset that the API takes: what its makers say, until it is
// seen to refuse a lesser one.
func (w *worker) depth() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deepest
}

// fathom finds the deepest offset that is taken, by halving, after one further
// down was refused twice, as an offset. A refusal for another cause (a right that
// is missing for a moment) says nothing of the depth, and ends it.
func (p *pass) fathom(ctx context.Context, q Query, refusal error) error {
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
	p.w.mu.Lock()
	p.w.deepest = min(p.w.deepest, low)
	p.w.mu.Unlock()
	return errTooDeep
}
