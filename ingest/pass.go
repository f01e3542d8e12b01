package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"aslogd/checkpoint"
)

// How far a pass goes before it is given up.
const (
	maxOpenRows = 20 * pageLimit // of a span without an end: a longer pass seldom stands still, and one that fails costs all its pages
	maxRows     = 60 * pageLimit // of a closed span, which stands still but for what comes late; a pass keeps their ids
	maxRestarts = 3
	slack       = 2 * time.Second // stamps are whole seconds and clocks differ
)

// A pass is one reading of all rows of a span. It proves the span when
//
//   - each page showed the same total,
//   - as many distinct rows came as that total says, and behind them none,
//   - nothing of it was dropped as older than what is stored,
//   - it is not empty where there were rows a moment ago,
//   - and no page failed.
//
// Why this is enough, though the list moves by offsets while it is read: a row
// that comes in moves others down, so one is seen twice; a row that goes moves
// others up, so one is missed. Either changes the total; if one came and one
// went, the total stands and the set of ids is too small, or the row that two
// pages share is not there. What comes in behind the reader is not in the
// proof, and is not claimed: covered ends two seconds before the pass began.
//
// A span is of start times. Which time the API compares with what it is asked
// for may never be known. Of one that compares the end, with its edges out, and
// hides what is open where an end_time is given, this is promised: an action
// that is not shown in the span of its start is known from the census or from
// the tail, or it has ended, and then it is shown in the span of its end. That
// one is read after it ended, since no span reaches into the present. So
// nothing is missing where there is no hole; beside a hole, what is missing may
// lie up to an action's length away from it.
type pass struct {
	w        *worker
	class    Class
	span     Span    // To zero: no end
	exact    bool    // one second, asked for alone: see narrow
	open     bool    // only what has not ended, whenever it started: see census
	errand   *errand // what somebody asked for, or nil
	past     bool    // it reads a past of which nobody knows where it begins
	hasty    bool    // it is given up where the list moves at all
	withheld bool    // it proves nothing, whatever it shows: not all that is open is known

	mu       sync.Mutex // a closed span's pages are read side by side
	kept     []*Page    // that are not stored yet
	scan     Scan
	stale    int
	isolated int

	contact func(*pass) // called when the first page of an open span is there
	front   time.Time   // of the tail's own pass: where its new ground begins
	recall  *recall     // rows that an earlier proof showed, and this pass has not; nil: none

	asked  time.Time           // when the first page was sent, in our clock
	began  time.Time           // the same by the server's
	total  int                 // of the first page; -1 before it
	head   []row               // of the first page
	seen   map[string]struct{} // rows that this pass has read
	lowest int64               // the second of the last row read; 0: it has none
	mixed  bool                // rows came in another order than newest first
	sorted bool                // rows came that were older than those before them
	short  bool                // a page had fewer rows than it had room for: there are none behind it
	oldest *time.Time
	newest int64    // the second of the newest row of the span itself, which is less than what is asked for; 0: none
	bad    [][]byte // hashes of the rejects without an id
}

// A result is what a pass came to.
type result struct {
	proved   bool                // all rows of the span are stored
	span     Span                // what was asked for
	total    int                 // rows in the span, as last told
	tooLarge bool                // more rows than a pass takes: the first page was read, nothing is proved
	moving   bool                // the list would not stand still
	began    time.Time           // by the server's clock
	seen     map[string]struct{} // of a pass that went to its end: the rows it read
	newest   time.Time           // the second of the newest row inside the span; zero: none
}

func (w *worker) newPass(class Class, span Span) *pass {
	past := class == Backfill || class == Reconcile
	return &pass{w: w, class: class, span: span, past: past, total: -1, scan: Scan{Class: class, Span: span}}
}

// commit makes a page durable, which is empty then. It never waits for a proof,
// and comes before the pass asks for anything more: so what was read is stored
// whatever becomes of the rest, and nobody keeps a page while waiting for the
// room that other pages take.
func (p *pass) commit(ctx context.Context, page *Page) error {
	defer p.drop(page)
	err := p.send(ctx, &Batch{Actions: p.w.oldestFirst(page), Rejects: p.placed(page.Rejects)})
	page.Actions, page.Rejects = nil, nil
	return err
}

// drop gives back the room of a page that is stored, or of no use.
func (p *pass) drop(page *Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.kept, page); i >= 0 {
		p.kept = slices.Delete(p.kept, i, i+1)
	}
	page.Done()
}

// end gives back whatever the pass still keeps.
func (p *pass) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, page := range p.kept {
		page.Done()
	}
	p.kept = nil
}

func (p *pass) send(ctx context.Context, b *Batch) error {
	if commit, err := p.errand.sees(ctx, b); err != nil || !commit {
		return err
	}
	out, err := p.w.commit(ctx, p.class, b)
	p.errand.took(out)
	p.mu.Lock()
	p.stale += out.Stale
	p.mu.Unlock()
	return err
}

// finish commits the last page, with the span if it is proved.
func (p *pass) finish(ctx context.Context, last *Page) (result, error) {
	if p.old() { // remembers may ask
		if err := p.commit(ctx, last); err != nil {
			return result{}, err
		}
	}
	b := &Batch{Actions: p.w.oldestFirst(last), Rejects: p.placed(last.Rejects)}
	if p.past {
		b.Oldest = p.oldest
		if p.oldest != nil && !p.w.unborn(*p.oldest) {
			b.Age = max(0, p.began.Sub(*p.oldest))
		}
	}
	proved := p.missing() == 0 && p.stale == 0 && !p.withheld && !(p.total == 0 && p.w.vanished(p.span))
	p.scan.Outcome = "unproved"
	if proved && !p.open {
		shown, err := p.remembers(ctx)
		if err != nil {
			return result{}, p.fail(ctx, err)
		}
		if !shown {
			p.forgot()
		}
		if p.recalled() == 0 {
			b.Proof = &Proof{Span: p.whole(), Rejects: p.bad}
		}
		if c := p.covers(); !c.Empty() {
			b.Covered = []Span{c}
			if p.total == 0 {
				b.EmptyBy = last.heardBy()
			}
		}
	}
	if proved {
		p.scan.Outcome = "proved"
	}
	b.Scan, b.thrifty = p.note(), !p.front.IsZero()
	err := p.send(ctx, b)
	res := p.result()
	res.seen = p.seen
	res.proved = proved && err == nil && p.stale == 0 // the sink takes no span with a stale answer
	if res.proved && !p.front.IsZero() {
		p.remember()
	}
	return res, err
}

// covers is the part of the span that a pass may prove: not past its own
// beginning; of the past before the tail began, not before the oldest row that
// the group shows; and nothing that is older than what the source is known to
// show, which counts where reading stopped for that long. For nothing tells an
// empty past from a forgotten one (see Horizons).
func (p *pass) covers() Span {
	end := second(p.began.Add(-slack))
	if !p.span.To.IsZero() {
		end = checkpoint.Earlier(end, p.span.To)
	}
	from := checkpoint.Later(p.span.From, p.w.reach(p.began))
	if p.recalled() > 0 { // the rest was proved before
		from = checkpoint.Later(from, p.front)
	}
	p.w.mu.Lock()
	from = checkpoint.Later(from, p.w.forgotten)
	p.w.mu.Unlock()
	if p.past {
		from = checkpoint.Later(from, p.w.pastBegins(p.oldest))
	}
	return Span{From: from, To: end}
}

// fail notes a pass that ended with an error. A page of which nothing could be
// read goes to quarantine, once for the pass; what could be read of one that does
// not say how many rows there are is kept.
func (p *pass) fail(ctx context.Context, cause error) error {
	p.scan.Outcome = cause.Error()
	b := &Batch{}
	var page *PageError
	var part *PartError
	if errors.As(cause, &page) {
		b.Rejects = p.placed([]Reject{page.Reject})
	} else if errors.As(cause, &part) {
		b.Actions, b.Rejects = p.w.oldestFirst(part.Page), p.placed(part.Page.Rejects)
	} else if p.total < 0 {
		return cause // nothing was read: the loop's warning says it all
	}
	b.Scan = p.note()
	if ctx.Err() != nil {
		return cause
	}
	if err := p.send(ctx, b); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// unsettled notes a pass that was given up because the list kept moving.
func (p *pass) unsettled(ctx context.Context) (result, error) {
	p.scan.Outcome = "unproved"
	res := p.result()
	res.moving = true
	return res, p.send(ctx, &Batch{Scan: p.note()})
}

func (p *pass) result() result {
	res := result{span: p.span, total: p.total, began: p.began}
	if p.newest > 0 {
		res.newest = time.Unix(p.newest, 0).UTC()
	}
	return res
}

func (p *pass) tooLarge() result {
	res := p.result()
	res.tooLarge = true
	return res
}

func (p *pass) note() *Scan {
	p.scan.Total, p.scan.Distinct = p.total, len(p.seen)+p.recalled()
	scan := p.scan
	return &scan
}

// restarted counts a restart and says whether one more is allowed.
func (p *pass) restarted(reason string) bool {
	if p.scan.Restarts == maxRestarts || p.hasty {
		return false
	}
	p.scan.Restarts++
	p.w.metrics.restart(p.w.target().Source, reason)
	return true
}
