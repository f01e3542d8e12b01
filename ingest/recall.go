package ingest

import "time"

const (
	// wholeAgain is how often the tail reads all of its span, page by page,
	// whatever it remembers of it: what changed after it had ended is seen then.
	wholeAgain = leastOverlap / 2
	// mostRecalled is how many rows a worker remembers for it at the most.
	mostRecalled = maxOpenRows * 3 / 4
)

// A recall is which rows the tail's last proof showed in a span without an end.
// While the total tells of these, and of what is new on the first pages, nobody
// need read the pages behind: a row that comes late, wherever it belongs, makes
// one more. The polls that rest on it ask for the very same span, so that no
// edge of the filter makes a difference.
type recall struct {
	from  time.Time // where the span begins
	whole time.Time // when all of it was last read, in our clock
	rows  map[string]struct{}
}

// takeRecall gives away what is remembered, where the next poll can rest on it.
// Only a proof gives it back: after anything else all is read again.
func (w *worker) takeRecall(from time.Time) *recall {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.recall
	w.holdLocked(nil, w.head)
	if r == nil || from.Before(r.from) || time.Since(r.whole) >= wholeAgain {
		return nil
	}
	return r
}

// remember keeps the rows of a proved span for the polls to come. One that fits a
// page is read by one request in any case.
func (p *pass) remember() {
	if len(p.head) >= p.total {
		return
	}
	r := p.recall
	if r == nil {
		r = &recall{from: p.span.From, whole: p.asked, rows: map[string]struct{}{}}
	}
	for key := range p.seen {
		r.rows[key] = struct{}{}
	}
	if len(r.rows) > mostRecalled {
		return
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.holdLocked(r, p.w.head)
}

// recalled is how many rows of the span are known from an earlier proof alone.
func (p *pass) recalled() int {
	if p.recall == nil {
		return 0
	}
	return len(p.recall.rows)
}

// missing is how many rows the total tells of beyond those that are known.
func (p *pass) missing() int { return p.total - len(p.seen) - p.recalled() }

// rests says whether what is recalled may stand for the pages that were not read.
// A total cannot tell a row that came from one that went, so all of the new
// ground must have been read: rows came newest first, which rows of one second do
// not show, down to one that started before the front. And nothing may be behind
// that can still change.
func (p *pass) rests() bool {
	if p.recalled() == 0 {
		return true
	}
	if p.mixed || !p.sorted || p.lowest >= p.front.Unix() {
		return false
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for id, f := range p.w.open {
		if _, unread := p.recall.rows[id]; unread && f.near(p.front) {
			return false
		}
	}
	return true
}
