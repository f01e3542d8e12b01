package ingest

import (
	"context"
	"sync"
	"time"

	"aslogd/checkpoint"
)

// maxKnown bounds what a worker remembers of what it committed.
const maxKnown = 4096

// A worker reads one group, for as long as its shard is held. Two loops share
// it: the tail, which follows the group's head, and the backfill, which reads
// its past. What it remembers only saves requests and commits; all of it may
// be forgotten at any moment.
type worker struct {
	api      API
	from     func(now time.Time) *time.Time // the source's BACKFILL_FROM
	sink     Sink
	epoch    int64
	began    time.Time // when the owner of this epoch did
	hired    time.Time // when the worker did: a group may be named long after that
	poll     time.Duration
	follow   time.Duration
	stages   []time.Duration // ages at which what is covered is read again
	counter  Counter
	slots    chan struct{} // backfills of the source at once in this process
	horizons *Horizons
	recalls  *Recalls
	starts   *Starts
	metrics  *Metrics
	warn     func(Target, error)
	spawn    func(func() error)
	hint     chan struct{} // capacity 1: something may be new
	dug      chan struct{} // capacity 1: the tail has left a hole to the backfill

	mu      sync.Mutex
	group   checkpoint.Group
	known   map[string]knownRow
	open    map[string]*following
	begun   *Begin        // goes out with the next batch
	late    time.Duration // measured, and not told yet
	aged    time.Time     // when the group's lateness last faded
	skew    time.Duration // the server's clock less ours
	hinted  bool          // the next poll is for the sake of a hint
	jump    func()        // has the poll that waits for its turn go before others; nil: none waits
	stirred time.Time     // when a row was last new or changed, or a hint came; at a start, when the newest began
	polled  time.Time     // when the tail was last read
	jumped  time.Time     // the tail goes on here, and leaves what is before to the backfill
	settles settleState
	filling bool                // the backfill runs
	filled  bool                // the backfill has tried all holes since the group was gone
	emptied time.Time           // since when the API shows nothing where it showed rows; zero: it shows them
	recall  *recall             // of the tail's last proof
	swept   time.Time           // when all of the overlap behind a head that moves was last proved, in our clock
	head    *headstart          // of the backfill, from the first poll
	read    checkpoint.Coverage // of the past, by the first poll
	saved   time.Time           // when a proof of the tail was last handed to the sink
	saving  bool                // one is on its way beside the polls
	unsaved bool                // the last commit failed
	far     time.Time           // when actions behind the tail were last asked for

	unable    time.Time // until then it is not asked for open actions: it does not tell them apart
	taken     time.Time // when the last census that saw all began, by the server's clock
	forgotten time.Time // what it does not show of before this moment, it showed once
}

// A knownRow is the payload that was last committed of a row.
type knownRow struct {
	hash  string
	start time.Time
}

func (w *worker) target() Target {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Target{Source: w.group.Source, Project: w.group.Project, Group: w.group.ID, Name: w.group.Name, Shard: w.group.Shard}
}

func (w *worker) oldestKnown() *time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.group.Oldest
}

// commit makes a batch durable, and takes into the worker's view what became
// durable, never before. Rows that say what this worker committed a moment ago
// are left out; their commit would do nothing.
func (w *worker) commit(ctx context.Context, class Class, b *Batch) (Outcome, error) {
	w.mu.Lock()
	b.Epoch = w.epoch
	actions := b.Actions[:0:0]
	for _, a := range b.Actions {
		// Reconcile trusts what is stored, not what is remembered.
		if k, ok := w.known[a.ID]; class == Reconcile || !ok || k.hash != string(a.Hash) {
			actions = append(actions, a)
		}
	}
	b.Actions = actions
	b.Begin = w.begun
	if w.late > w.faded(time.Now()) {
		b.Late = w.late
	}
	front := w.frontLocked()
	aside := w.thriftLocked(b)
	w.mu.Unlock()
	if len(b.Actions)+len(b.Rejects)+len(b.Covered)+len(b.Lost) == 0 &&
		b.Begin == nil && b.From == nil && b.Parked == nil && b.Settled == nil && (b.Scan == nil || b.Scan.Outcome == "proved") {
		return Outcome{}, nil
	}
	b.Target = w.target()
	if aside {
		w.spawn(func() error { return w.save(ctx, class, b, front) })
		return Outcome{}, nil
	}
	return w.store(ctx, class, b, front)
}

// store hands a batch to the sink, and takes it into the view.
func (w *worker) store(ctx context.Context, class Class, b *Batch, front time.Time) (Outcome, error) {
	out, err := w.sink.Commit(ctx, b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unsaved = err != nil
	if err != nil {
		w.saved = time.Time{}
		return out, err
	}
	w.took(class, b, out, front)
	return out, nil
}

// took is commit's second half: the batch is durable.
func (w *worker) took(class Class, b *Batch, out Outcome, front time.Time) {
	now := time.Now()
	g := &w.group
	w.measure(class, out, front, now)
	if b.Begin != nil {
		g.Known, g.From, g.TailFrom, w.begun = true, b.Begin.From, b.Begin.Tail, nil
	}
	if b.From != nil {
		g.From = checkpoint.Earlier(g.From, *b.From)
	}
	for _, lost := range b.Lost {
		w.loseLocked(lost)
	}
	for _, span := range out.Doubted {
		g.Covered = g.Covered.Sub(span)
		w.loseLocked(checkpoint.Lost{Span: span, Reason: checkpoint.Gone})
	}
	if out.Stale == 0 {
		w.settledLocked(class, b, now)
		g.Covered = g.Covered.Add(b.Covered...)
		g.Lost, g.LostGone = g.Lost.Sub(b.Covered...), g.LostGone.Sub(b.Covered...)
	}
	if b.Parked != nil {
		g.Parked = *b.Parked
	}
	g.Oldest = older(g.Oldest, b.Oldest)
	w.fade(b.Late, now)
	if out.New+out.Changed > 0 && class != Backfill {
		w.stirred = now
	}
	for _, a := range b.Actions {
		w.remember(a, out.Stale == 0 && class != Backfill && class != Settle && class != Reconcile, now)
	}
}

// loseLocked notes a lost span. Where two reasons hold, the one that nothing can
// mend counts.
func (w *worker) loseLocked(lost checkpoint.Lost) {
	g := &w.group
	if lost.Reason == checkpoint.Gone {
		g.LostGone = g.LostGone.Add(lost.Span).Sub(g.Lost.Sub(g.LostGone...)...)
	} else {
		g.LostGone = g.LostGone.Sub(lost.Span)
	}
	g.Lost = g.Lost.Add(lost.Span)
}

// measure takes the lateness of a row that came to a place that had been proved
// without it: the time from its start to its first sight.
func (w *worker) measure(class Class, out Outcome, front, now time.Time) {
	if class == Backfill || class == Reconcile || out.Earliest.IsZero() || !out.Earliest.Before(front) {
		return
	}
	at := second(out.Earliest)
	if w.group.Covered.Contains(Span{From: at, To: at.Add(time.Second)}) {
		w.late = max(w.late, now.Add(w.skew).Sub(at))
	}
}

// remember keeps what was committed of a row, and whether it is still open. Of
// a batch in which something was stale nothing is known.
func (w *worker) remember(a Seen, known bool, now time.Time) {
	if !a.Open() {
		delete(w.open, a.ID)
	} else if f, ok := w.open[a.ID]; ok {
		f.asked = now
	} else {
		w.open[a.ID] = &following{start: a.StartTime, seen: now, asked: now}
	}
	delete(w.known, a.ID)
	if known && a.StartTime != nil && len(w.known) < maxKnown {
		w.known[a.ID] = knownRow{hash: string(a.Hash), start: *a.StartTime}
	}
}

// forget drops what lies before the tail's next span.
func (w *worker) forget(before time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, k := range w.known {
		if k.start.Before(before) {
			delete(w.known, id)
		}
	}
}

// frontLocked is where the tail's new ground begins.
func (w *worker) frontLocked() time.Time {
	front := checkpoint.Later(w.group.TailFrom, w.group.Covered.End())
	return checkpoint.Later(front, w.jumped)
}
