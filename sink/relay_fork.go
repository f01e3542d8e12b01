package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aslogd/sink/broker"
)

// A Fork is a shard whose journal and topic do not tell the same story, so that
// numbering on would give a published seq to another row. What says what is
// ahead of what by how much, and what to do. Only this shard stops.
type Fork struct {
	Shard int
	What  string
}

func (f *Fork) Error() string { return f.What }

// numbersOn reports whether rows may be numbered all the same: what is published
// was compared and agrees, and only the topic cannot take more.
func (f *Fork) numbersOn() bool { return strings.HasPrefix(f.What, onlyPublishing) }

// onlyPublishing begins the words where the journal goes on, so that the next
// owner, who reads them in the shard's row, knows as much.
const onlyPublishing = "only publishing stands still, the journal goes on: "

// Ways out of a fork, in the words of people's next command.
const (
	bringBack = "run `aslogd recover --from-topic` to bring back what the journal lacks, or set a new ASLOGD_KAFKA_TOPIC_PREFIX"
	newPrefix = "set a new ASLOGD_KAFKA_TOPIC_PREFIX to publish everything again, or point aslogd at the former cluster and topic"
)

func (r *Relay) fork(way, format string, args ...any) *Fork {
	return forkOf(r.lease.Shard, way, format, args...)
}

func forkOf(shard int, way, format string, args ...any) *Fork {
	return &Fork{Shard: shard, What: fmt.Sprintf(format, args...) + ": " + way}
}

// fits makes sure that partition and shard are still the same thing: partitions
// that somebody added make every other client look for a group in another one
// than its shard's. They cannot be taken away again.
func (r *Relay) fits(ctx context.Context) error {
	if r.shards == 0 {
		return nil
	}
	for _, topic := range []string{broker.ActionsTopic(r.prefix), broker.LatestTopic(r.prefix)} {
		n, err := r.broker.Partitions(ctx, topic)
		if err != nil {
			return err
		}
		if n > 0 && n <= r.lease.Shard {
			return r.fork(newPrefix, "topic %s has %d partitions, and none for shard %d: it was made anew, or by another", topic, n, r.lease.Shard)
		}
		if n > 0 && n != r.shards {
			return r.fork("set a new ASLOGD_KAFKA_TOPIC_PREFIX to publish everything again, into topics with as many partitions as shards",
				onlyPublishing+"topic %s has %d partitions for %d shards, %+d", topic, n, r.shards, n-r.shards)
		}
	}
	return nil
}

// Stands is why the shard stands still, where it does.
func (r *Relay) Stands() *Fork { return r.forked.Load() }

// CheckFork compares journal and topic, once for an epoch, before the shard's
// new owner numbers its first row; afterwards it tells whether the relay has
// stopped since. A *Fork says that they differ; checkpoint.ErrLost, that the
// shard is another's. Where no broker answers within a few seconds, there is no
// error: the journal may grow without it. Brokers that answer get longer: a
// coordinator that loads is no reason to number rows unseen.
func (r *Relay) CheckFork(ctx context.Context) error {
	if r.clear.Load() {
		return nil
	}
	if !r.answers(ctx) {
		// The lease is checked all the same, and what a former owner found.
		ctx, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		st, err := r.store.state(ctx)
		r.remember(st)
		return r.standing(err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.longest)
	defer cancel()
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return r.standing(nil)
	}
	return r.standing(r.ready(ctx))
}

func (r *Relay) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	return r.broker.Answers(ctx, broker.ActionsTopic(r.prefix), r.lease.Shard) == nil
}

// remember takes over what a former owner found: it stands until it is seen to
// be gone.
func (r *Relay) remember(st *shardState) {
	if st != nil && st.stopped != "" && !r.clear.Load() {
		r.forked.CompareAndSwap(nil, &Fork{Shard: r.lease.Shard, What: st.stopped})
	}
}

// standing is what a check came to: its own verdict where it has one, the
// former one where Kafka could not be asked.
func (r *Relay) standing(err error) error {
	var fork *Fork
	if errors.As(err, &fork) && fork.numbersOn() || err == nil && r.clear.Load() {
		return nil
	}
	if fork != nil || lost(err) {
		return err
	}
	if fork = r.forked.Load(); fork != nil && !fork.numbersOn() {
		return fork
	}
	return nil
}

// How long CheckFork waits for a broker to answer, and for those that do.
const (
	patience = 5 * time.Second
	longest  = time.Minute
)
