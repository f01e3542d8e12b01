package sink

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

// mergeLimit is how many actions go into one merged commit: enough that the
// cost of a transaction is shared, few enough that a lease is not held up.
const mergeLimit = 4000

// An item is a batch on its way, and what it came to.
type item struct {
	batch   *ingest.Batch
	size    int64
	arrived time.Time
	refused []ingest.Reject // actions of it that Postgres would not take

	done    chan struct{} // closed once the rest is set
	outcome ingest.Outcome
	err     error
}

// Commit hands a batch over and returns when the transaction that holds it has
// committed. It blocks while too much is waiting already. It returns ErrLost
// where the batch was read under another epoch or the shard is another's, a
// *Stopped where the shard stands still, and ctx's error where ctx ends first:
// the batch may become durable all the same.
func (c *Committer) Commit(ctx context.Context, b *ingest.Batch) (ingest.Outcome, error) {
	if err := c.fits(b); err != nil {
		return ingest.Outcome{}, err
	}
	it := &item{batch: b, size: min(weigh(b), c.limit), done: make(chan struct{})}
	if err := c.memory.Acquire(ctx, it.size); err != nil {
		return ingest.Outcome{}, fmt.Errorf("wait to commit group %s: %w", b.Target.Group, err)
	}
	if err := c.push(it); err != nil {
		c.memory.Release(it.size)
		return ingest.Outcome{}, fmt.Errorf("commit group %s: %w", b.Target.Group, err)
	}
	select {
	case <-it.done:
	case <-ctx.Done():
		return ingest.Outcome{}, fmt.Errorf("wait for the commit of group %s: %w", b.Target.Group, context.Cause(ctx))
	}
	if it.err != nil {
		return ingest.Outcome{}, fmt.Errorf("commit group %s: %w", b.Target.Group, it.err)
	}
	return it.outcome, nil
}

// fits refuses what must never reach the transaction.
func (c *Committer) fits(b *ingest.Batch) error {
	if b.Target.Shard != c.lease.Shard {
		return fmt.Errorf("commit group %s of shard %d: this is shard %d", b.Target.Group, b.Target.Shard, c.lease.Shard)
	}
	if b.Epoch != c.lease.Epoch {
		return fmt.Errorf("commit group %s, read under epoch %d: %w", b.Target.Group, b.Epoch, checkpoint.ErrLost)
	}
	for _, s := range b.Covered {
		if s.To.Before(s.From) {
			return fmt.Errorf("commit group %s: covered span ends %v before it begins", b.Target.Group, s.From.Sub(s.To))
		}
	}
	for _, l := range b.Lost {
		if l.Span.To.Before(l.Span.From) {
			return fmt.Errorf("commit group %s: lost span ends %v before it begins", b.Target.Group, l.Span.From.Sub(l.Span.To))
		}
	}
	return nil
}

// weigh estimates the bytes that a batch holds: the text of its records, and
// about as much again for their normal form.
func weigh(b *ingest.Batch) int64 {
	n := int64(1 << 10)
	for _, a := range b.Actions {
		n += int64(2*len(a.Raw)) + 1<<10
	}
	for _, r := range b.Rejects {
		n += int64(len(r.Raw)) + 1<<8
	}
	return n
}

// quiet reports whether a batch can wait for company: it only says that what
// is stored is all there is, and nobody waits for it to read on. A read of the
// past asks for its next piece only when the one before is durable.
func quiet(b *ingest.Batch) bool {
	return !past(b) && len(b.Actions) == 0 && len(b.Rejects) == 0 && len(b.Lost) == 0 && b.Begin == nil && b.Parked == nil
}

// past reports whether a batch is one of those that a read of the past waits for.
func past(b *ingest.Batch) bool {
	return b.Scan != nil && (b.Scan.Class == ingest.Backfill || b.Scan.Class == ingest.Reconcile)
}

// fewActions is how many actions a full page has: fewer are few.
const fewActions = 100

// unhurried reports whether what waits can wait until the pace allows a commit, and a
// moment for what was polled with it: a commit of one action costs as much as one of
// fifty, and a busy fleet would have one for each poll. What nobody follows live, or is
// much, is committed at once.
func unhurried(queue []*item) bool {
	n := 0
	for _, it := range queue {
		if n += len(it.batch.Actions); n >= fewActions || past(it.batch) {
			return false
		}
	}
	return true
}

func (c *Committer) push(it *item) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		return c.refuse
	}
	it.arrived = time.Now()
	c.queue = append(c.queue, it)
	c.ring()
	return nil
}

func (c *Committer) ring() {
	select {
	case c.arrived <- struct{}{}:
	default:
	}
}

// take waits for batches and returns those that go into the next commit: none
// where Before is to be asked first.
func (c *Committer) take(ctx context.Context) ([]*item, error) {
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		items, wait := c.ready()
		if len(items) > 0 || c.recheck.Load() {
			return items, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-c.arrived:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// ready returns what may be committed now, or else how long it can wait.
func (c *Committer) ready() ([]*item, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 || c.recheck.Load() {
		return nil, time.Hour
	}
	first := slices.IndexFunc(c.queue, func(it *item) bool { return !quiet(it.batch) })
	if first < 0 {
		first = 0
		if wait := c.idle - time.Since(c.queue[0].arrived); wait > 0 {
			return nil, wait
		}
	}
	wait := max(c.pace-time.Since(c.begun), c.pace/8-time.Since(c.queue[first].arrived))
	if wait > 0 && unhurried(c.queue) {
		return nil, wait
	}
	n, actions := 0, 0
	for n < len(c.queue) && (n == 0 || actions+len(c.queue[n].batch.Actions) <= mergeLimit) {
		actions += len(c.queue[n].batch.Actions)
		n++
	}
	items := c.queue[:n:n]
	c.queue = slices.Clone(c.queue[n:])
	c.begun = time.Now()
	return items, 0
}

// setRefuse tells those who wait, and those who come, why nothing is taken;
// nil takes batches again.
func (c *Committer) setRefuse(err error) {
	c.mu.Lock()
	c.refuse = err
	var waiting []*item
	if err != nil {
		waiting, c.queue = c.queue, nil
	}
	c.mu.Unlock()
	finish(waiting, err)
	c.release(waiting)
}

// Held is why nothing is taken now: a *Stopped while the shard stands still.
func (c *Committer) Held() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refuse
}

// close ends the committer: nothing is taken any more.
func (c *Committer) close(err error) { c.setRefuse(err) }

// finish tells the callers of items that have no answer yet that it is err.
func finish(items []*item, err error) {
	for _, it := range items {
		select {
		case <-it.done:
		default:
			it.err = err
			close(it.done)
		}
	}
}

func (c *Committer) release(items []*item) {
	for _, it := range items {
		c.memory.Release(it.size)
	}
}
