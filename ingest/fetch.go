package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"aslogd/checkpoint"
)

// The API's own bounds, and what is asked within them.
const (
	pageLimit   = 100   // rows asked for at once; the most that the API gives
	deepest     = 32768 // the last start_number that it is said to take
	maxIsolated = 48    // requests that a pass spends on finding unreadable rows
)

// errUnreadable says that nothing on the page could be read, at any size.
var errUnreadable = fmt.Errorf("no part of the page can be read: %w", ErrNotJSON)

// rows reads the rows [start, start+limit) of the span. A page that is no JSON
// is read again in ever smaller pieces, so that one record that breaks the
// answer costs itself and not its ninety-nine neighbours: a row that is no
// page even alone is a reject and counts as read.
//
// Total is -1 where the pieces disagree on it: such a page fits no pass.
func (p *pass) rows(ctx context.Context, start, limit int) (*Page, error) {
	page, err := p.ask(ctx, start, limit)
	var part *PartError
	if !errors.Is(err, ErrNotJSON) || errors.As(err, &part) { // smaller pieces would lack it too
		return page, err
	}
	if p.total < 0 {
		return p.firstReadable(ctx, start, limit, err)
	}
	if start+limit > p.total {
		limit = p.total - start
	}
	whole := &Page{Start: start, Limit: limit, Total: p.total}
	return whole, p.isolate(ctx, whole, start, limit, err)
}

// isolate gathers [start, start+count), which could not be read at once.
func (p *pass) isolate(ctx context.Context, whole *Page, start, count int, cause error) error {
	if count <= 1 {
		whole.Rejects = append(whole.Rejects, unreadableRow(cause, start))
		return nil
	}
	step := (count + 3) / 4
	for at := start; at < start+count; at += step {
		n := min(step, start+count-at)
		p.mu.Lock()
		p.isolated++
		spent := p.isolated > maxIsolated
		p.mu.Unlock()
		if spent {
			return fmt.Errorf("%w: %w", errUnreadable, cause)
		}
		part, err := p.ask(ctx, at, n)
		if errors.Is(err, ErrNotJSON) {
			err = p.isolate(ctx, whole, at, n, err)
		} else if err == nil {
			whole.join(part)
			p.drop(part) // pieces that wait for each other's room would wait for ever; there are few
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// firstReadable looks for any part of a span's first page that can be read,
// before it is known how many rows there are: smaller pages, then the row
// behind the first. An API that answers with error pages fails all four.
func (p *pass) firstReadable(ctx context.Context, start, limit int, cause error) (*Page, error) {
	for n := limit / 4; ; n /= 4 {
		n = max(n, 1)
		page, err := p.ask(ctx, start, n)
		if !errors.Is(err, ErrNotJSON) {
			return page, err
		}
		if n == 1 {
			cause = err
			break
		}
	}
	page, err := p.ask(ctx, start+1, 1)
	if errors.Is(err, ErrNotJSON) {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	} else if err != nil {
		return nil, err
	}
	page.Start = start
	page.Rejects = append(page.Rejects, unreadableRow(cause, start))
	return page, nil
}

func (whole *Page) join(part *Page) {
	if whole.Asked.IsZero() {
		whole.Asked, whole.Date = part.Asked, part.Date
	}
	if whole.Total != part.Total {
		whole.Total = -1
	}
	whole.Actions = append(whole.Actions, part.Actions...)
	whole.Rejects = append(whole.Rejects, part.Rejects...)
}

// unreadableRow is the reject of a row that is no page even alone. It is known
// by what came, and by its place: two such rows are two.
func unreadableRow(cause error, at int) Reject {
	r := Reject{Reason: "page", Detail: "a row that is no page even alone"}
	var page *PageError
	if errors.As(cause, &page) {
		r = page.Reject
	}
	r.Page = false
	r.Reason = "row"
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %x", at, sha256.Sum256(r.Raw)))
	r.RawHash = sum[:]
	return r
}

// ask sends one request for the pass. The first answer tells when, by the
// server's clock, the pass began.
func (p *pass) ask(ctx context.Context, start, limit int) (*Page, error) {
	q := Query{Start: start, Limit: limit}
	// A second wider on both sides: whether the edges are in is unknown.
	if !p.span.From.IsZero() {
		q.From = p.span.From.Add(-time.Second)
	}
	if !p.span.To.IsZero() {
		q.To = p.span.To.Add(time.Second)
	}
	if p.exact { // one second, from itself to itself
		q.From, q.To = p.span.From, p.span.From
	}
	p.mu.Lock()
	p.scan.Requests++
	p.mu.Unlock()
	p.errand.asked()
	q.Open = p.open
	if p.class == Tail {
		q.Due = p.w.due(time.Now())
	}
	page, err := p.w.api.Actions(ctx, p.class, p.w.target().Group, q)
	if errors.Is(err, ErrOffset) && start > 0 && p.total > 0 {
		p.mu.Lock()
		p.scan.Requests++
		p.mu.Unlock()
		p.errand.asked()
		page, err = p.w.api.Actions(ctx, p.class, p.w.target().Group, q) // once may be a passing fault
		if errors.Is(err, ErrOffset) {
			err = p.fathom(ctx, q, err)
		}
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.kept = append(p.kept, page)
	p.mu.Unlock()
	p.w.mu.Lock()
	p.w.skew = page.Date.Sub(page.Asked)
	if page.Total > 0 {
		p.w.emptied = time.Time{}
	}
	p.w.mu.Unlock()
	if o := oldestProof(page); o != nil && !p.w.unborn(*o) {
		p.w.horizons.note(p.w.target().Source, page.Date.Sub(*o))
	}
	return page, nil
}

// sentAt is when a request was sent by the server's clock: its Date, which is
// of the answer, less the time that the answer took; but never later than by
// ours. Of two clocks that differ nobody knows which the stamps follow: to go
// by the earlier one costs a lag that is seen, by the later one it would call
// moments covered that are still to come.
func sentAt(asked, date, now time.Time) time.Time {
	return checkpoint.Earlier(asked, date.Add(min(0, asked.Sub(now))))
}

// heardBy is when an answer was there, by the clock that is ahead.
func (p *Page) heardBy() time.Time { return checkpoint.Later(time.Now(), p.Date.Add(time.Second)) }
