package ingest

import (
	"context"
	"errors"
	"fmt"
)

// census reads the actions of the group that have not ended, before a closed
// span is read. Whether an end_time hides those is unknown: one that started
// in the span would then be seen nowhere, and when it ended nobody would look
// there again. Asked for without any time they are shown, and each is followed
// to its end from then on. What starts later is the tail's, which asks for no
// end_time.
//
// An API that cannot tell open ones apart, and answers with all or refuses, is
// not asked again: there nothing more is known than what its spans show.
func (w *worker) census(ctx context.Context, class Class, e *errand) error {
	w.mu.Lock()
	unable := w.unable
	w.mu.Unlock()
	if unable || class == Settle {
		return nil
	}
	p := w.newPass(class, Span{})
	p.open, p.errand = true, e
	defer p.end()
	page, err := p.rows(ctx, 0, pageLimit)
	switch {
	case errors.Is(err, ErrRefused):
		unable = true
	case err != nil:
		return fmt.Errorf("ask for open actions: %w", p.fail(ctx, err))
	default:
		for _, a := range page.Actions {
			unable = unable || !a.Open()
		}
	}
	if unable {
		w.mu.Lock()
		w.unable = true
		w.mu.Unlock()
		return nil
	}
	if page.Rows() < page.Limit { // one page has them all, whatever the total says
		return p.commit(ctx, page)
	}
	p.end()
	all := w.newPass(class, Span{})
	all.open, all.errand = true, e
	defer all.end()
	res, err := all.readOpen(ctx)
	if err == nil && !res.proved {
		err = errMoving
	}
	if err != nil {
		return fmt.Errorf("read open actions: %w", err)
	}
	return nil
}
