package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest/action"
)

const (
	censusHolds = leastOverlap // how long a census is good for what began before it
	unableHolds = time.Hour    // how long an API that cannot take one is not asked again
)

// census reads the actions of the group that have not ended, before a closed
// span is read. Whether an end_time hides those is unknown: one that started
// in the span would then be seen nowhere, and when it ended nobody would look
// there again. Asked for without any time they are shown, and each is followed
// to its end from then on. What starts later is the tail's, which asks for no
// end_time.
//
// It says whether all were seen. Where they were not (there are too many, or
// they change too fast) the span is worth reading all the same, and proves
// nothing. An API that cannot tell open ones apart is left alone for an hour:
// there nothing more is known than what its spans show.
//
// One census does for all that is read in the next minutes of what began well
// before it: what was open then was in it.
func (w *worker) census(ctx context.Context, class Class, e *errand, span Span) (whole bool, err error) {
	if class == Settle || e == nil && w.counted(span) {
		return true, nil
	}
	w.mu.Lock()
	unable := time.Now().Before(w.unable)
	w.mu.Unlock()
	if unable {
		return true, nil
	}
	p := w.newPass(class, Span{})
	p.open, p.errand = true, e
	defer p.end()
	page, able, err := p.openOnes(ctx)
	if err != nil {
		return false, fmt.Errorf("ask for open actions: %w", p.fail(ctx, err))
	}
	if !able {
		w.mu.Lock()
		w.unable = time.Now().Add(unableHolds)
		w.mu.Unlock()
		return true, nil
	}
	began := sentAt(page.Asked, page.Date, time.Now())
	if page.last() || page.Total == 0 && page.Rows() == 0 {
		whole, err = true, p.commit(ctx, page)
	} else {
		p.end()
		whole, err = w.censusOfMany(ctx, class, e)
	}
	if err == nil && whole && e == nil {
		w.mu.Lock()
		w.taken = checkpoint.Later(w.taken, began)
		w.mu.Unlock()
	}
	return whole && err == nil, err
}

// counted says that a census of a moment ago saw what is open of the span.
func (w *worker) counted(span Span) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.taken) < censusHolds && !span.To.After(w.taken.Add(-w.overlapLocked()))
}

// censusOfMany takes a census of more than a page.
func (w *worker) censusOfMany(ctx context.Context, class Class, e *errand) (whole bool, err error) {
	p := w.newPass(class, Span{})
	p.open, p.errand = true, e
	res, err := p.readOpen(ctx)
	if err != nil {
		return false, fmt.Errorf("read open actions: %w", err)
	}
	return res.proved, nil
}

// openOnes asks for the first page of open actions, and says whether the API is
// able to tell them apart. A refusal may be of the group, and pass; it is taken
// for inability where the same is answered without a status, and refused again
// with one. So may a row that has ended be one that ended a moment ago; it is
// taken for inability where as many rows are shown without a status.
func (p *pass) openOnes(ctx context.Context) (page *Page, able bool, err error) {
	page, err = p.rows(ctx, 0, pageLimit)
	if errors.Is(err, ErrRefused) {
		if _, other := p.ofAll(ctx); other != nil {
			return nil, false, err
		}
		if page, err = p.rows(ctx, 0, pageLimit); errors.Is(err, ErrRefused) {
			return nil, false, nil
		}
	}
	if err != nil {
		return nil, false, err
	}
	if !slices.ContainsFunc(page.Actions, func(a *action.Action) bool { return !a.Open() }) || page.last() {
		return page, true, nil // a page of all is a census too
	}
	if err := p.commit(ctx, page); err != nil { // nobody keeps a page while asking
		return nil, false, err
	}
	all, err := p.ofAll(ctx)
	if err != nil {
		return nil, false, err
	}
	return page, page.Total < all, nil
}

// ofAll is how many actions there are, open or not.
func (p *pass) ofAll(ctx context.Context) (int, error) {
	all := p.w.newPass(p.class, Span{})
	all.errand = p.errand
	defer all.end()
	page, err := all.rows(ctx, 0, 1)
	if err != nil {
		return 0, err
	}
	return page.Total, nil
}
