package ingest

import (
	"context"
	"errors"
)

// errHinted says that a hint came while a poll was waiting for its turn.
var errHinted = errors.New("a hint came")

// headPage asks for the first page of a span without an end. Under a short budget a
// poll waits for minutes among those of all the groups at rest. Where a hint comes
// meanwhile, it is asked for anew, as one of a group in which something happens.
// At worst the hint came while the answer was on its way: that is one request.
func (p *pass) headPage(ctx context.Context) (*Page, error) {
	if p.class != Tail || p.open {
		return p.rows(ctx, 0, pageLimit)
	}
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := p.w
	w.mu.Lock()
	w.jump = func() { cancel(errHinted) }
	w.mu.Unlock()
	page, err := p.rows(waiting, 0, pageLimit)
	w.mu.Lock()
	w.jump = nil
	w.mu.Unlock()
	switch {
	case !errors.Is(context.Cause(waiting), errHinted), ctx.Err() != nil:
		return page, err
	case err == nil: // it was answered at the same moment, and may not show what the hint is about
		w.awake()
		return page, nil
	}
	p.class, p.scan.Class, p.scan.Requests = Follow, Follow, 0
	return p.rows(ctx, 0, pageLimit)
}

// awake has the next poll begin at once.
func (w *worker) awake() {
	select {
	case w.hint <- struct{}{}:
	default:
	}
}
