package ingest

import (
	"context"
	"time"

	"aslogd/checkpoint"
)

// contact is the first poll of a group that has no checkpoint. It asks for all
// that is wanted of the group, without an end. Most groups have lived so little
// that one page proves it, open actions and all. Of one that has lived more, that
// page is the newest of its past, and the backfill begins with it.
func (w *worker) contact(ctx context.Context) error {
	now := second(time.Now().Add(w.skew))
	p := w.newPass(Tail, Span{From: now.Add(-leastOverlap)})
	w.mu.Lock()
	created := w.group.Created
	w.mu.Unlock()
	wanted := wantedFrom(w.from(now), created)
	if wanted == nil {
		var err error
		if wanted, err = w.findOldest(ctx, nil); err != nil {
			return p.fail(ctx, err)
		}
	}
	tail := p.span.From
	if wanted != nil {
		p.span.From = checkpoint.Earlier(tail, second(*wanted))
		p.scan.Span = p.span
	}
	p.past = true
	p.contact = func(p *pass) { tail = w.beginAt(p, wanted) }
	res, err := p.readOpen(ctx)
	switch {
	case err != nil:
		return err
	case res.proved:
		w.mu.Lock()
		w.read = checkpoint.Coverage{Span{From: p.span.From, To: tail}}
		w.mu.Unlock()
		return nil
	case res.tooLarge:
		head := p.newestOf(Span{From: p.span.From, To: tail})
		w.mu.Lock()
		w.holdLocked(w.recall, head)
		w.mu.Unlock()
		if !p.mixed && p.lowest < tail.Unix() {
			return nil
		}
	}
	return w.tail(ctx) // there is more that is new
}

// beginAt takes from the first answer for a group, by the server's clock, where
// its tail begins, and where its past does: where nothing else says so, with its
// oldest row.
func (w *worker) beginAt(p *pass, wanted *time.Time) (tail time.Time) {
	now := second(p.began)
	tail = checkpoint.Earlier(second(time.Now().Add(w.skew)), now).Add(-leastOverlap)
	if wanted == nil {
		wanted = &tail
	}
	begin := Begin{From: checkpoint.Earlier(second(*wanted), now)}
	begin.Tail = checkpoint.Later(tail, begin.From)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = &begin
	return begin.Tail
}

// A headstart is the first page of a closed span, as a page without an end showed
// it. The pages behind it are asked for with the end; they must tell the same
// total, or all is read anew.
type headstart struct {
	span   Span
	total  int
	began  time.Time
	rows   []row
	oldest *time.Time
}

// newestOf is what the pass's first page shows of a span that begins where the
// pass does. Nil where it proves nothing: something on it was dropped as stale, or
// is open, which an end may hide, so that what came late would fill its place in
// the total.
func (p *pass) newestOf(span Span) *headstart {
	if p.stale > 0 {
		return nil
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for _, r := range p.head {
		if _, open := p.w.open[r.key]; open && r.second <= span.To.Unix()+1 {
			return nil
		}
	}
	h := &headstart{span: span, total: p.total, began: p.began, rows: p.head, oldest: p.oldest}
	return h.upTo(span.To)
}

// upTo is the headstart of a span that ends earlier, as the hole does once the tail
// has proved what is before its beginning. Nil where the end cannot be told: a row
// lies on the edge, or says not when it started.
func (h *headstart) upTo(end time.Time) *headstart {
	cut := *h
	cut.span.To, cut.rows = end, nil
	for _, r := range h.rows {
		switch edge := r.second - end.Unix(); {
		case r.second == 0 || edge == 0 || edge == 1:
			return nil
		case edge > 1:
			cut.total--
		default:
			cut.rows = append(cut.rows, r)
		}
	}
	if len(cut.rows) == 0 {
		return nil
	}
	return &cut
}

// takeHead gives away the headstart of a span, if there is one. It is for the first
// that the backfill reads, and of no use after it.
func (w *worker) takeHead(class Class, e *errand, span Span) *headstart {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.head
	if class != Backfill || e != nil || h == nil {
		return nil
	}
	w.holdLocked(w.recall, nil)
	if !h.span.From.Equal(span.From) || span.To.After(h.span.To) {
		return nil
	}
	return h.upTo(span.To)
}

// resume begins the pass with what was read of its first page before.
func (p *pass) resume(h *headstart) *Page {
	page := &Page{Asked: h.began, Date: h.began, Total: h.total}
	p.begin(page)
	p.began, p.head, p.oldest = h.began, h.rows, h.oldest
	p.take(h.rows)
	return page
}
