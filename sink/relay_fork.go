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
	Kind  Kind
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

func (r *Relay) fork(kind Kind, way, format string, args ...any) *Fork {
	return forkOf(r.lease.Shard, kind, way, format, args...)
}

func forkOf(shard int, kind Kind, way, format string, args ...any) *Fork {
	return &Fork{Shard: shard, Kind: kind, What: fmt.Sprintf(format, args...) + ": " + way}
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
			return r.fork(TopicAnew, newPrefix, "topic %s has %d partitions, and none for shard %d: it was made anew, or by another", topic, n, r.lease.Shard)
		}
		if n > 0 && n != r.shards {
			return r.fork(TopicsMisfit, "set a new ASLOGD_KAFKA_TOPIC_PREFIX to publish everything again, into topics with as many partitions as shards",
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
// shard is another's; any other error, that Postgres could not be asked, so that
// nothing is known. Where no broker answers within a few seconds, what Postgres
// knows decides: a fork that was noted stands, and without one there is no error,
// for the journal may grow without Kafka. Brokers that answer get longer: a
// coordinator that loads is no reason to number rows unseen.
func (r *Relay) CheckFork(ctx context.Context) error {
	if r.clear.Load() {
		// Only whether the journal still holds what was published is to be seen.
		short, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		if _, err := r.state(short); err != nil || r.clear.Load() {
			return r.standing(err)
		}
	}
	if r.answers(ctx) {
		long, cancel := context.WithTimeout(ctx, r.longest)
		defer cancel()
		if r.take(long) {
			defer r.pass()
			return r.standing(r.ready(long))
		}
	}
	// The lease is checked all the same, and what is known without Kafka.
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	st, err := r.state(ctx)
	if err == nil && st.elsewhere(r.store.topic) {
		err = r.store.goOn(ctx) // where Kafka answers, what it says replaces this
	}
	return r.standing(err)
}

// CheckAgain compares journal and topic anew, whatever was found before: the
// answer to a commit was lost, and the journal lacks what it wrote. Either it
// never came to be, or Postgres has lost it since, and it may be published.
func (r *Relay) CheckAgain(ctx context.Context) error {
	long, cancel := context.WithTimeout(ctx, r.longest)
	defer cancel()
	if r.take(long) {
		r.producer = nil
		r.clear.Store(false)
		r.pass()
	} else {
		r.clear.Store(false)
	}
	return r.CheckFork(ctx)
}

// Moved notes that the journal went back under its owner, so that whoever
// numbers rows next asks Kafka first, and stands still while that is away.
func (r *Relay) Moved(ctx context.Context, why error) error {
	return r.suspect(ctx, "%v", why)
}

// take waits for its turn to use what readies and publishes; pass lets the next
// one have it.
func (r *Relay) take(ctx context.Context) bool {
	select {
	case r.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *Relay) pass() { <-r.turn }

func (r *Relay) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	return r.broker.Answers(ctx, broker.ActionsTopic(r.prefix), r.lease.Shard) == nil
}

// state is the shard's, with what it says of a fork: one that a former owner
// noted stands until it is seen to be gone, and so does that the journal lacks
// rows which were read from it and handed to Kafka.
func (r *Relay) state(ctx context.Context) (*shardState, error) {
	st, err := r.store.state(ctx)
	if err != nil {
		return nil, err
	}
	if st.stopped != "" && !st.elsewhere(r.store.topic) && !r.clear.Load() {
		r.forked.CompareAndSwap(nil, &Fork{Shard: r.lease.Shard, Kind: st.kind, What: st.stopped})
	}
	if sent := r.sent.Load(); sent != nil && !r.noted.Load() && (st.headSeq < sent.seq || st.headSeq == sent.seq && !sent.ends(st)) {
		return st, r.suspect(ctx, "the journal of shard %d ends at seq %d, chain %x, though seq %d, chain %x, was read from it and handed to Kafka",
			r.lease.Shard, st.headSeq, st.headHash, sent.seq, sent.hash)
	}
	return st, nil
}

// suspect has the shard stand still until journal and topic were compared: the
// journal went back, and what was published may be ahead of it. It is noted in
// Postgres, for the proof is in this process's memory alone.
func (r *Relay) suspect(ctx context.Context, format string, args ...any) error {
	fork := r.fork(JournalMoved, "nothing need be done if Kafka answers, for then the two are compared", format, args...)
	r.clear.Store(false)
	if former := r.forked.Load(); former != nil && !former.numbersOn() {
		fork = former
	} else {
		r.forked.Store(fork)
		r.log.Warn().Msg("Postgres went back: " + fork.What)
	}
	r.recent.drop() // it may be of rows that are lost; Made looks whether it stands, so not before
	r.tell(false)
	if err := r.store.stop(ctx, fork); err != nil {
		return err
	}
	r.noted.Store(true)
	return nil
}

// tell has whoever numbers rows ask again, where it was told that it may.
func (r *Relay) tell(news bool) {
	if r.allowed.Swap(false) || news {
		r.told()
	}
}

// standing is what a check came to: its own verdict where it has one, the
// former one where Kafka could not be asked.
func (r *Relay) standing(err error) error {
	r.allowed.Store(true) // before it is so: a fork that is found meanwhile is told
	var fork *Fork
	if errors.As(err, &fork) && fork.numbersOn() || err == nil && r.clear.Load() {
		return nil
	}
	if silent := (unread{}); fork != nil || lost(err) || errors.As(err, &silent) {
		r.allowed.Store(false)
		return err
	}
	if fork = r.forked.Load(); fork != nil && !fork.numbersOn() {
		r.allowed.Store(false)
		return fork
	}
	return nil
}

// How long CheckFork waits for a broker to answer, and for those that do.
const (
	patience = 5 * time.Second
	longest  = time.Minute
)
