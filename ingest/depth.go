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

// fathom finds out why a page further down was refused. Where the pages above
// it are answered it is the offset, and the deepest that is taken is found by
// halving. Otherwise the refusal stands.
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
		case errors.Is(err, ErrRefused):
			high = q.Start
		case err != nil && !errors.Is(err, ErrNotJSON):
			return err
		default:
			low = q.Start
		}
	}
	if low == 0 {
		return refusal
	}
	p.w.mu.Lock()
	p.w.deepest = min(p.w.deepest, low)
	p.w.mu.Unlock()
	return errTooDeep
}
