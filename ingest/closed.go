package ingest

import (
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"aslogd/checkpoint"
)

// sideBySide is how many pages of a closed span are asked for at once; the
// budget decides how many are under way.
const sideBySide = 4

// first reads the first page of a closed span, which tells how many rows there
// are, before it is decided whether to read the rest. Where it was read before it
// is not asked for.
func (p *pass) first(ctx context.Context, start *headstart) (*Page, error) {
	if start != nil {
		return p.resume(start), nil
	}
	page, err := p.rows(ctx, 0, pageLimit)
	if err != nil {
		return nil, p.fail(ctx, err)
	}
	p.begin(page)
	return page, nil
}

// readClosed reads the rest of a span with an end, in the past. Its pages may
// be asked for in any order and need no overlap: the number of distinct rows
// says whether each was seen.
//
// Rows that started within one second may be answered in another order each
// time, and then one is seen twice and one not at all, though nothing moved.
// So passes that show the same total, and the same number of rows in every
// second, are of the same list, and what they saw together counts.
func (p *pass) readClosed(ctx context.Context, head *Page) (result, error) {
	var before struct { // what the last round saw, if its pages were of one list
		total   int
		seconds map[int64]int
		seen    map[string]struct{}
	}
	for {
		if len(p.head) < p.total {
			if err := p.commit(ctx, head); err != nil {
				return result{}, err
			}
		}
		seconds, reason, err := p.round(ctx)
		if err != nil {
			return result{}, p.fail(ctx, err)
		}
		if reason == "" {
			if before.seconds != nil && before.total == p.total && maps.Equal(before.seconds, seconds) {
				maps.Copy(p.seen, before.seen)
			}
			before.total, before.seconds, before.seen = p.total, seconds, p.seen
			switch {
			case len(p.seen) < p.total && p.capped():
				return p.offsetCap(ctx, head)
			case len(p.seen) == p.total:
				if reason, err = p.behind(ctx, head); err != nil {
					return result{}, p.fail(ctx, err)
				}
				if reason == "" {
					return p.finish(ctx, head)
				}
			default:
				reason = "count"
			}
		} else {
			before.seconds = nil
		}
		if err := p.commit(ctx, head); err != nil {
			return result{}, err
		}
		if !p.restarted(reason) {
			return p.unsettled(ctx)
		}
		if head, err = p.rows(ctx, 0, pageLimit); err != nil {
			return result{}, p.fail(ctx, err)
		}
		p.begin(head)
	}
}

// round reads all pages after the head, and commits each. It says how many
// rows each second showed, and why the pages are not of one list, if so.
func (p *pass) round(ctx context.Context) (seconds map[int64]int, reason string, err error) {
	seconds = map[int64]int{}
	count := func(rows []row) {
		for _, r := range rows {
			seconds[r.second]++
		}
	}
	count(p.head)
	if len(p.head) == 0 {
		return seconds, "", nil
	}
	depth := p.w.depth()
	if p.total > depth+pageLimit && !p.alone() { // others have found meanwhile that it is less
		return nil, "", errTooDeep
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for _, piece := range slices.Backward(p.pages(len(p.head), depth)) { // the oldest first
		group.Go(func() error {
			for at, end := piece[0], piece[1]; at < end && at <= depth; {
				p.mu.Lock()
				moved := reason != ""
				p.mu.Unlock()
				if moved { // whatever is asked now is in vain
					return nil
				}
				room := end - at
				if end == p.total { // room for what the total does not count
					room = pageLimit
				}
				page, err := p.rows(ctx, at, room)
				if err != nil {
					return err
				}
				p.mu.Lock()
				if page.Total != p.total {
					reason = "total"
				} else if page.Rows() == 0 {
					reason = "short"
				} else {
					count(rowsOf(page))
					p.add(page)
				}
				p.mu.Unlock()
				at += page.Rows()
				if err := p.commit(ctx, page); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return seconds, reason, err
}

// pages are the offsets, from one to before the other, of the pages after the
// first. Of a list that is too long, the last of them starts at the deepest
// offset that the API takes.
func (p *pass) pages(from, depth int) (pages [][2]int) {
	reach := min(p.total, depth+pageLimit)
	for at := from; at < reach; {
		end := min(at+pageLimit, reach)
		if odd := (depth - at) % pageLimit; p.total > depth && at < depth && odd > 0 {
			end = at + odd
		}
		pages = append(pages, [2]int{at, end})
		at = end
	}
	return pages
}

// capped says that the span is a second that holds more rows than the API lets
// anyone page to. A longer one is read in parts.
func (p *pass) capped() bool { return p.alone() && p.total > p.w.depth()+pageLimit }

// alone says that the span is one second, which has no parts.
func (p *pass) alone() bool { return p.span.Length() <= time.Second }

// narrow asks for a second that cannot be paged through without the second on
// either side, which may be what makes it too full. That is sound only where
// the filter takes its edges in: where asking for nothing but the start of a
// row that was just seen, from it to it, shows it.
func (p *pass) narrow(ctx context.Context, head *Page) (*pass, *Page, error) {
	oldest := oldestOf(head)
	if oldest == nil {
		return p, head, nil
	}
	if err := p.commit(ctx, head); err != nil {
		return nil, nil, err
	}
	at := second(*oldest)
	probe := p.w.newPass(p.class, Span{From: at, To: at})
	probe.exact, probe.errand = true, p.errand
	page, err := probe.rows(ctx, 0, 1)
	probe.end()
	if err != nil {
		return nil, nil, p.fail(ctx, err)
	}
	if page.Total == 0 || oldestOf(page) == nil || !second(*oldestOf(page)).Equal(at) {
		return p, head, nil
	}
	alone := p.w.newPass(p.class, p.span)
	alone.exact, alone.errand, alone.withheld = true, p.errand, p.withheld
	head, err = alone.first(ctx, nil)
	return alone, head, err
}

// offsetCap ends the pass over a second that nobody can read to its end: what
// could be reached is stored, and the second is noted as lost.
func (p *pass) offsetCap(ctx context.Context, head *Page) (result, error) {
	p.scan.Outcome = checkpoint.OffsetCap
	err := p.send(ctx, &Batch{
		Actions: p.w.oldestFirst(head), Rejects: p.placed(head.Rejects), Scan: p.note(),
		Lost: []checkpoint.Lost{{Span: p.span, Reason: checkpoint.OffsetCap}},
	})
	return p.result(), err
}
