package sink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/action"
)

// A CommitterConfig is what a Committer needs. Pool's sessions must not wait
// for a lock, nor stand idle in a transaction, longer than a lease lives.
type CommitterConfig struct {
	Pool        *pgxpool.Pool
	Lease       checkpoint.Lease
	Settle      time.Duration                              // how long an earlier payload must be shown again to be believed
	Wake        func()                                     // called after a commit that made journal rows; may be nil
	Made        func(ctx context.Context, made []Revision) // told what a commit made, before Wake; may be nil
	Before      func(ctx context.Context) error            // asked before the first commit; an error stops the shard; may be nil
	Again       func(ctx context.Context) error            // asked anew where a commit's answer was lost and the journal lacks its rows; may be nil
	Moved       func(ctx context.Context, why error) error // told that the journal went back, until it has noted that; may be nil
	Log         zerolog.Logger
	Metrics     *Metrics // may be nil
	MemoryBytes int64    // of the batches that wait; 32 MiB when zero

	// Pace is the least time from one commit to the next where a few live rows are
	// all there is: those that come meanwhile share it. After a rest they wait for an
	// eighth of it, for what was polled with them. None when zero.
	Pace time.Duration
}

// A Committer makes the batches of one shard durable, under one epoch. Batches
// of many groups that arrive while a commit runs go into the next one together,
// so that a commit costs the same whether one group has news or a thousand.
type Committer struct {
	pool    database
	lease   checkpoint.Lease
	settle  time.Duration
	wake    func()
	made    func(context.Context, []Revision)
	before  func(context.Context) error
	again   func(context.Context) error
	moved   func(context.Context, error) error
	log     zerolog.Logger
	metrics *Metrics

	memory *semaphore.Weighted
	limit  int64
	idle   time.Duration // how long a batch with nothing urgent waits for company
	pace   time.Duration
	begun  time.Time     // when the last commit began; Run's alone
	pause  time.Duration // between two tries
	jitter func(time.Duration) time.Duration

	normalise func(raw []byte) (hash []byte, err error)
	reach     int // journal rows that are looked at for earlier payloads
	recheck   atomic.Bool
	arrived   chan struct{} // holds one token when the queue has grown

	mu     sync.Mutex
	queue  []*item
	refuse error // why Commit takes nothing now

	refused map[[32]byte]time.Time // records that Postgres would not take; Run's alone
	at      *head                  // where this epoch found the journal, or its last commit left it; Run's alone

	asked chan struct{} // closed once Before has answered
}

// NewCommitter returns a committer for the shard and epoch of cfg.Lease. It
// commits nothing before Run is called.
func NewCommitter(cfg CommitterConfig) *Committer {
	c := &Committer{
		pool: cfg.Pool, lease: cfg.Lease, settle: cfg.Settle, wake: cfg.Wake, made: cfg.Made, before: cfg.Before, again: cfg.Again, moved: cfg.Moved,
		log: cfg.Log.With().Int("shard", cfg.Lease.Shard).Logger(), metrics: cfg.Metrics,
		limit: cfg.MemoryBytes, pace: cfg.Pace, idle: 5 * time.Second, pause: 100 * time.Millisecond, jitter: rand.N[time.Duration], reach: earlierReach,
		normalise: normalise,
		arrived:   make(chan struct{}, 1),
		asked:     make(chan struct{}),
		refused:   map[[32]byte]time.Time{},
	}
	if c.limit <= 0 {
		c.limit = 32 << 20
	}
	if c.wake == nil {
		c.wake = func() {}
	}
	if c.made == nil {
		c.made = func(context.Context, []Revision) {}
	}
	if c.before == nil {
		c.before = func(context.Context) error { return nil }
	}
	if c.again == nil {
		c.again = func(context.Context) error { return nil }
	}
	if c.moved == nil {
		c.moved = func(context.Context, error) error { return nil }
	}
	c.memory = semaphore.NewWeighted(c.limit)
	return c
}

// Stopped says that a shard commits nothing until someone has settled what Err
// tells: its journal and its topic disagree.
type Stopped struct {
	Shard int
	Err   error
}

func (e *Stopped) Error() string { return fmt.Sprintf("shard %d stopped: %v", e.Shard, e.Err) }

func (e *Stopped) Unwrap() error { return e.Err }

// Recheck has Before asked again before the next commit.
func (c *Committer) Recheck() {
	c.recheck.Store(true)
	c.ring()
}

// Run commits what Commit is given, one merged commit after the other, until
// ctx ends (its error is returned), the shard is another's (ErrLost), or the
// journal is not where the last commit left it: then whatever reads for the
// shard must start afresh. Whatever else happens it tries again: reading on is
// of no use while nothing can be stored, and giving up would lose the order.
func (c *Committer) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	var months sync.WaitGroup
	defer func() {
		cancel()
		months.Wait()
		c.close(err)
	}()
	months.Go(func() { c.keepMonths(ctx) })
	if err := c.find(ctx); err != nil {
		return err
	}
	c.recheck.Store(true)
	for {
		if err := c.cleared(ctx); err != nil {
			return err
		}
		items, err := c.take(ctx)
		if err != nil {
			return err
		}
		err = c.store(ctx, items)
		finish(items, err)
		c.release(items)
		if err != nil {
			return err
		}
	}
}

// cleared asks Before where that is due. While the answer is an error, callers
// are told, and Before is asked every few seconds.
func (c *Committer) cleared(ctx context.Context) error {
	for said := false; c.recheck.Swap(false); {
		err := c.before(ctx)
		switch {
		case err == nil:
			if said {
				c.log.Info().Msg("shard goes on committing")
			}
			c.setRefuse(nil)
			c.answered()
			continue
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, checkpoint.ErrLost):
			return err
		}
		if !said {
			said = true
			c.log.Error().Err(err).Msg("shard stopped committing")
		}
		c.recheck.Store(true)
		c.setRefuse(&Stopped{Shard: c.lease.Shard, Err: err})
		c.answered()
		if err := sleep(ctx, 50*c.pause); err != nil {
			return err
		}
	}
	return nil
}

// find remembers where the journal ends, before Before is asked: what it finds
// holds for that journal, and for one that went back since it does not.
func (c *Committer) find(ctx context.Context) error {
	for try := 0; ; try++ {
		st, err := relayStore{pool: c.pool, lease: c.lease}.state(ctx)
		switch {
		case err == nil:
			c.at = &head{seq: st.headSeq, hash: st.headHash}
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, checkpoint.ErrLost):
			return err
		}
		if try&(try+1) == 0 {
			c.log.Warn().Err(err).Int("try", try+1).Msg("cannot see where the journal ends, trying again")
		}
		if err := sleep(ctx, c.wait(try)); err != nil {
			return err
		}
	}
}

// answered lets go on who waits for Before's first answer.
func (c *Committer) answered() {
	select {
	case <-c.asked:
	default:
		close(c.asked)
	}
}

// Asked waits until Before has answered for the first time, so that nobody
// spends a request on what could not be stored. Held says what the answer was.
func (c *Committer) Asked(ctx context.Context) error {
	select {
	case <-c.asked:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// normalise is what a stored record's hash is under this release's normal form.
func normalise(raw []byte) ([]byte, error) {
	a, err := action.Parse(raw)
	if err != nil {
		return nil, err
	}
	return a.Hash, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

var _ ingest.Sink = (*Committer)(nil)
