package ingest

import (
	"context"
	"errors"
	"math"
)

// readOpen reads a span without an end, newest first, page after page. Pages
// overlap by one row: if exactly that one is known, nothing moved in between.
// (Which row of the page it is does not matter, so that rows of one second may
// change places.)
func (p *pass) readOpen(ctx context.Context) (result, error) {
	defer p.end()
	page, err := p.headPage(ctx)
	if err != nil {
		return result{}, p.fail(ctx, err)
	}
	p.begin(page)
	if p.contact != nil {
		p.contact(p)
	}
	for {
		if p.total > p.most() {
			return p.tooLarge(), p.commit(ctx, page)
		}
		if p.missing() < 0 { // something that was shown is not any more: read all
			p.recall = nil
		}
		reason := "count"
		if p.missing() == 0 && p.rests() {
			if reason, err = p.behind(ctx, page); err != nil {
				return result{}, p.fail(ctx, err)
			}
			if reason == "" {
				return p.finish(ctx, page)
			}
		}
		if err := p.commit(ctx, page); err != nil {
			return result{}, err
		}
		if len(p.seen) < p.total {
			page, reason, err = p.next(ctx)
		}
		if errors.Is(err, errTooDeep) {
			return p.tooLarge(), nil
		}
		if err != nil {
			return result{}, p.fail(ctx, err)
		}
		if reason == "" {
			continue
		}
		if page.Rows() > 0 && reason != "count" {
			if err := p.commit(ctx, page); err != nil { // it was read, whatever it proves
				return result{}, err
			}
		} else {
			p.drop(page)
		}
		if !p.restarted(reason) {
			return p.unsettled(ctx)
		}
		if page, err = p.again(ctx); err != nil {
			return result{}, p.fail(ctx, err)
		}
	}
}

// most is how many rows a pass without an end takes. A census takes all that can
// be asked for: it has no parts that could be read one by one, and where there
// are thousands of open actions, most of them hang, and their list stands still.
func (p *pass) most() int {
	if p.open {
		return p.w.depth()
	}
	if p.contact != nil { // the rest is the backfill's, which reads side by side and keeps no poll waiting
		return pageLimit
	}
	return min(maxOpenRows, p.w.depth())
}

// next reads the page after what was seen. A reason says why it does not fit.
func (p *pass) next(ctx context.Context) (page *Page, reason string, err error) {
	page, err = p.rows(ctx, max(len(p.seen)-1, 0), pageLimit)
	switch {
	case err != nil:
		return nil, "", err
	case page.Total != p.total:
		return page, "total", nil
	case page.Rows() < 2: // one row for the overlap, and nothing new
		return page, "short", nil
	case p.shares(page) != 1:
		return page, "overlap", nil
	}
	p.add(page)
	return page, "", nil
}

// again starts over at the head. Where the head still shows rows that were
// read, what came in is added to them, and reading goes on where it stopped:
// the count and the overlap say whether that was right. If it was not, the
// next restart forgets everything.
func (p *pass) again(ctx context.Context) (*Page, error) {
	page, err := p.rows(ctx, 0, pageLimit)
	if err != nil {
		return nil, err
	}
	if p.scan.Restarts%2 == 1 && p.shares(page) > 0 {
		p.total, p.lowest = page.Total, math.MaxInt64
		p.add(page)
	} else {
		p.recall = nil
		p.begin(page)
	}
	return page, nil
}
