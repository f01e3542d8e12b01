package sink

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"aslogd/checkpoint"
	"aslogd/sink/broker"
)

// A RelayConfig is what a Relay needs.
type RelayConfig struct {
	Pool    *pgxpool.Pool
	Lease   checkpoint.Lease
	Broker  *broker.Broker
	Prefix  string // of the topics and transactional ids
	Shards  int    // how many partitions the topics must have; 0: that is not looked at
	Log     zerolog.Logger
	Metrics *RelayMetrics // may be nil

	// TransactionTimeout is when the coordinator ends a transaction that nobody
	// commits: max(lease TTL, 10 s). 15 s when zero.
	TransactionTimeout time.Duration

	// Stopped, where set, is called when a fork is found, so that whoever
	// numbers rows asks CheckFork again.
	Stopped func()

	// BatchBytes bounds the raw records of one transaction, as they are sent;
	// 2 MiB when zero.
	BatchBytes int

	// Memory bounds what is remembered of rows until they are published, in bytes;
	// relays may share it. 4 MiB of its own when nil.
	Memory *semaphore.Weighted

	// Pace is the least time from one transaction to the next, where what there is
	// does not fill one: rows that come meanwhile share it. None when zero.
	Pace time.Duration
}

// maxRows bounds a transaction's rows.
const maxRows = 2000

// A Relay makes the topics mirror the journal of one shard, under one epoch.
// It reads rows after the last published one and commits each lot in one Kafka
// transaction, to both topics.
//
// Which row is the last published one is never taken on trust after a doubt. At
// a take-over, and after any error whose outcome is unknown (the answer to a
// commit may be lost though the commit is not), the relay takes the
// transactional id over, which ends whatever transaction was open, and reads
// the partition back. Only one producer at a time can have the id, so what is
// read back cannot change behind the reader.
type Relay struct {
	store    relayStore
	lease    checkpoint.Lease
	broker   *broker.Broker
	prefix   string
	log      zerolog.Logger
	metrics  *RelayMetrics
	timeout  time.Duration
	told     func()
	bytes    int
	pace     time.Duration
	idle     time.Duration // longest time without a look at the journal, of whose growth Wake tells
	held     time.Duration // between looks at a fork
	patience time.Duration // of CheckFork
	longest  time.Duration
	shards   int
	jitter   func(time.Duration) time.Duration

	recent *recent
	wake   chan struct{}
	turn   chan struct{} // holds one token while someone uses what follows
	clear  atomic.Bool   // journal and topic were compared, and agree
	forked atomic.Pointer[Fork]

	allowed atomic.Bool               // CheckFork's last answer: rows may be numbered
	sent    atomic.Pointer[published] // the last row that was handed to Kafka
	noted   atomic.Bool               // Postgres holds that it lacks that row

	producer *broker.Producer // nil: recovery is due
	at       published
	limit    int       // of a batch, in bytes
	lot      int       // rows of the next transaction; Run's alone
	begun    time.Time // when the last transaction began; Run's alone
}

// NewRelay makes a relay for a shard that is owned. Nothing happens before Run
// or CheckFork.
func NewRelay(cfg RelayConfig) *Relay {
	r := &Relay{
		store:    relayStore{cfg.Pool, cfg.Lease, broker.ActionsTopic(cfg.Prefix)},
		lease:    cfg.Lease,
		broker:   cfg.Broker,
		prefix:   cfg.Prefix,
		log:      cfg.Log.With().Int("shard", cfg.Lease.Shard).Logger(),
		metrics:  cfg.Metrics,
		timeout:  cfg.TransactionTimeout,
		told:     cfg.Stopped,
		bytes:    cfg.BatchBytes,
		pace:     cfg.Pace,
		idle:     5 * time.Second,
		held:     15 * time.Second,
		patience: patience,
		longest:  longest,
		shards:   cfg.Shards,
		jitter:   rand.N[time.Duration],
		recent:   &recent{room: cfg.Memory, patience: time.Second},
		wake:     make(chan struct{}, 1),
		turn:     make(chan struct{}, 1),
		lot:      maxRows,
	}
	if r.timeout == 0 {
		r.timeout = 15 * time.Second
	}
	if r.bytes == 0 {
		r.bytes = 2 << 20
	}
	if r.recent.room == nil {
		r.recent.room = semaphore.NewWeighted(4 << 20)
	}
	if r.told == nil {
		r.told = func() {}
	}
	return r
}

// Made tells what a commit made, in the order of the journal. Where there is no room
// for it, it waits a moment while the relay goes on. While the shard stands still
// nothing is remembered: it may do so for long, and the room is for all shards.
func (r *Relay) Made(ctx context.Context, made []Revision) {
	if r.forked.Load() == nil {
		r.recent.put(ctx, made, r.Wake)
	}
	if r.forked.Load() != nil { // since a moment ago: it was dropped before it was all put
		r.recent.drop()
	}
}

// Wake says that the journal has grown. It never blocks.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes until ctx ends (its error is returned) or the shard is
// another's (checkpoint.ErrLost). Kafka or Postgres being away makes it wait; a
// fork makes it hold still until someone has put journal and topic in accord.
// Stopping in the middle of a transaction is harmless.
func (r *Relay) Run(ctx context.Context) error {
	defer r.metrics.forget(r.lease.Shard)
	defer r.recent.close()
	trouble := trouble{log: r.log}
	for failures := 0; ; {
		err := r.drain(ctx)
		var fork *Fork
		wait := r.idle
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case lost(err):
			return err
		case err == nil:
			failures = 0
			trouble.over()
		case errors.As(err, &fork):
			wait = r.held
		case errors.Is(err, broker.ErrTooLarge):
			r.log.Warn().Err(err).Msg("a batch was too large: trying a smaller one")
			continue
		default:
			trouble.tell(err)
			wait = min(50*time.Millisecond<<min(failures, 10), 15*time.Second)
			wait = wait/2 + r.jitter(wait/2)
			failures++
		}
		wake := r.wake
		if err != nil {
			wake = nil // news of the journal is no news of what is wrong
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wake:
		case <-time.After(wait):
		}
	}
}

func lost(err error) bool { return errors.Is(err, checkpoint.ErrLost) }

// drain publishes until the topic is where the journal is.
func (r *Relay) drain(ctx context.Context) error {
	for {
		if err := r.gather(ctx); err != nil {
			return err
		}
		more, err := r.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// gather waits for more rows, as long as the pace asks for it. A transaction costs
// Kafka the same whether it holds one row or a thousand.
func (r *Relay) gather(ctx context.Context) error {
	for {
		wait := r.pace - time.Since(r.begun)
		if wait <= 0 || !r.recent.few(r.lot, r.bytes) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.wake:
		case <-time.After(wait):
		}
	}
}

// step publishes one lot, in its turn: whoever wants to number rows waits for no
// more than that.
func (r *Relay) step(ctx context.Context) (more bool, err error) {
	if !r.take(ctx) {
		return false, ctx.Err()
	}
	defer r.pass()
	if err := r.ready(ctx); err != nil {
		return false, err
	}
	return r.publish(ctx)
}
