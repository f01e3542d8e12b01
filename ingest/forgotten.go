package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/checkpoint"
)

// remembers asks whether the API still shows what is as old as the span's
// start: of what a backfill reads, and of a tail's span that is so old that it
// may not (an absence of more than leastReach). It is asked after the span was
// read: what is shown then was shown all the while.
//
// The evidence is the newest action that is stored of before the span, or of its
// first second: a piece begins at the row that vouches for the one before. Where it
// is as young as what the source is known to show, and not shown any more, the
// API has forgotten up to somewhere in the span, or behind it: what came back
// empty there is no proof that nothing happened. Where it is older than that,
// nobody would expect it to be shown, and its absence says nothing.
func (p *pass) remembers(ctx context.Context) (bool, error) {
	if !p.old() || p.errand.looks() || p.oldest != nil && !p.oldest.After(p.span.From) {
		return true, nil
	}
	newest, err := p.w.newestBefore(ctx, p.span.From.Add(time.Second))
	if err != nil || newest == nil { // what is before all that is stored is judged by the horizon
		return err == nil, err
	}
	expected := newest.After(p.w.reach(p.began))
	if !expected && !p.span.From.Before(p.w.reach(p.began)) {
		return true, nil
	}
	shown, err := p.vouched(ctx, p.span.From)
	if errors.Is(err, ErrNotJSON) { // then by the oldest of all
		if oldest := p.w.oldestKnown(); oldest != nil {
			newest = older(newest, oldest)
		}
		shown, err = p.vouched(ctx, second(*newest))
	}
	if err != nil {
		return false, fmt.Errorf("ask what is shown of before %s: %w", p.span.From, err)
	}
	return shown || !expected, nil
}

// vouched says that an action is shown of before that moment which has ended: one
// that hangs may be shown for longer. Mostly the first row is one. Where it is
// not, one is looked for among the newest hundred and the oldest.
func (p *pass) vouched(ctx context.Context, at time.Time) (bool, error) {
	page, err := p.before(ctx, at, 0, 1)
	if err != nil || page.Total == 0 || oldestProof(page) != nil {
		return err == nil && page.Total > 0, err
	}
	total := page.Total
	for start := 0; total > 1; start = min(total-pageLimit, p.w.depth()) {
		page, err := p.before(ctx, at, start, pageLimit)
		if errors.Is(err, ErrOffset) {
			break // too deep to look
		}
		if err != nil || oldestProof(page) != nil {
			return err == nil, err
		}
		if start > 0 || total <= pageLimit {
			break
		}
	}
	return false, nil
}

// newestBefore is the start of the newest action that is stored of before the
// moment; nil where there is none.
func (w *worker) newestBefore(ctx context.Context, at time.Time) (*time.Time, error) {
	if w.counter != nil {
		return w.counter.Newest(ctx, w.target().Group, at)
	}
	if oldest := w.oldestKnown(); oldest != nil && !oldest.After(at) {
		return oldest, nil
	}
	return nil, nil
}

// old says that the span may begin before what the API remembers.
func (p *pass) old() bool {
	switch {
	case p.class == Settle, p.span.From.IsZero():
		return false
	case p.past:
		return true
	}
	return p.began.Sub(p.span.From) >= leastReach
}

// before asks for rows of what is as old as that moment.
func (p *pass) before(ctx context.Context, at time.Time, start, limit int) (*Page, error) {
	before := p.w.newPass(p.class, Span{To: at.Add(-time.Second)}) // a second wider is asked for
	before.errand = p.errand
	defer before.end()
	page, err := before.rows(ctx, start, limit)
	p.mu.Lock()
	p.scan.Requests += before.scan.Requests
	p.mu.Unlock()
	return page, err
}

// forgot notes that what was not shown of the span is forgotten, with all that
// is before it.
func (p *pass) forgot() {
	begins := second(p.began)
	if !p.span.To.IsZero() {
		begins = p.span.To
	}
	if p.oldest != nil {
		begins = checkpoint.Earlier(begins, second(*p.oldest))
	}
	w := p.w
	w.mu.Lock()
	w.forgotten = checkpoint.Later(w.forgotten, begins)
	w.mu.Unlock()
	w.horizons.shrank(w.target().Source, p.began.Sub(begins))
}
