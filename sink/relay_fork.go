package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// Ways out of a fork, in the words of people's next command.
const (
	bringBack = "run `aslogd recover --from-topic` to bring back what the journal lacks, or set a new ASLOGD_KAFKA_TOPIC_PREFIX"
	newPrefix = "set a new ASLOGD_KAFKA_TOPIC_PREFIX to publish everything again, or point aslogd at the former cluster and topic"
)

func (r *Relay) fork(way, format string, args ...any) *Fork {
	return &Fork{Shard: r.lease.Shard, What: fmt.Sprintf(format, args...) + ": " + way}
}

// A mark is the newest record of ours that a topic holds.
type mark struct {
	seq    int64
	hash   []byte
	offset int64
}

// lookBack is how many offsets a first look from the end of a partition covers
// where nothing is known of it.
const lookBack = 4096

// newest finds the newest committed record in [from, end) that carries a seq.
func (r *Relay) newest(ctx context.Context, topic string, from, end int64) (found mark, err error) {
	err = r.broker.ReadCommitted(ctx, topic, r.lease.Shard, from, end, func(c *broker.Committed) error {
		m, err := markOf(c)
		if err != nil {
			return err
		}
		if m.seq > found.seq {
			found = m
		}
		return nil
	})
	return found, err
}

// survey finds how far the topic is, and compares it with the journal. A *Fork
// is the finding that they differ.
func (r *Relay) survey(ctx context.Context, st *shardState) (published, error) {
	topic, shard, known := broker.ActionsTopic(r.prefix), r.lease.Shard, st.known
	at := published{topic: topic, offset: -1}
	var err error
	if at.cluster, err = r.broker.Cluster(ctx); err != nil {
		return at, err
	}
	start, end, err := r.broker.Bounds(ctx, topic, shard)
	if err != nil {
		return at, err
	}
	var found mark
	if known.topic == topic && known.seq > 0 {
		switch {
		case known.cluster != "" && at.cluster != "" && known.cluster != at.cluster:
			return at, r.fork(newPrefix, "shard %d was published up to seq %d in Kafka cluster %s, but this is cluster %s",
				shard, known.seq, known.cluster, at.cluster)
		case known.offset >= end:
			return at, r.fork(newPrefix, "%s/%d ends at offset %d, but seq %d was acknowledged at offset %d, %d further on: the topic was made anew, or the brokers lost records",
				topic, shard, end, known.seq, known.offset, known.offset-end+1)
		}
		if found, err = r.newest(ctx, topic, max(known.offset, start), end); err != nil {
			return at, err
		}
		switch {
		case found.seq == 0: // all of it is past the topic's retention
			found = mark{known.seq, known.hash, known.offset}
		case found.seq < known.seq:
			return at, r.fork(newPrefix, "%s/%d holds seq %d last, but seq %d was acknowledged: the topic lacks %d records",
				topic, shard, found.seq, known.seq, known.seq-found.seq)
		}
	} else {
		for back := int64(lookBack); ; back *= 8 {
			from := max(start, end-back)
			if found, err = r.newest(ctx, topic, from, end); err != nil {
				return at, err
			}
			if found.seq > 0 || from == start {
				break
			}
		}
	}
	return r.compare(ctx, st, at, found)
}

// compare holds the newest record of the topic against the journal's own row.
func (r *Relay) compare(ctx context.Context, st *shardState, at published, found mark) (published, error) {
	shard := r.lease.Shard
	if found.seq == 0 {
		return r.unpublished(ctx, at)
	}
	at.seq, at.hash, at.offset = found.seq, found.hash, found.offset
	if found.seq > st.headSeq {
		return at, r.fork(bringBack, "%s/%d is ahead of the journal: it holds seq %d, the journal of shard %d ends at %d, %d rows behind (was Postgres restored to an older state?)",
			at.topic, shard, found.seq, shard, st.headSeq, found.seq-st.headSeq)
	}
	hash, recordedAt, err := r.store.row(ctx, found.seq)
	switch {
	case err != nil:
		return at, err
	case hash != nil:
		at.recordedAt = recordedAt
	case found.seq == st.headSeq: // the journal's months up to here are detached
		hash = st.headHash
	case found.seq == st.known.seq && at.topic == st.known.topic:
		hash, at.recordedAt = st.known.hash, st.known.recordedAt
	default:
		return at, r.fork(bringBack, "%s/%d holds seq %d last, but the journal of shard %d, which goes up to %d, has no such row",
			at.topic, shard, found.seq, shard, st.headSeq)
	}
	if !bytes.Equal(hash, found.hash) {
		return at, r.fork(bringBack, "%s/%d and the journal of shard %d tell different stories at seq %d: chain %x in the topic, %x in the journal, whose head is %d, %d further on (was Postgres restored, or do two databases publish under one prefix?)",
			at.topic, shard, shard, found.seq, found.hash, hash, st.headSeq, st.headSeq-found.seq)
	}
	return at, nil
}

// unpublished begins a topic that holds nothing of the shard: with the oldest
// row that the journal holds, which is not the first where retention has taken
// months away.
func (r *Relay) unpublished(ctx context.Context, at published) (published, error) {
	first, err := r.store.first(ctx)
	if err != nil {
		return at, err
	}
	if first > 1 {
		at.seq = first - 1
		r.log.Warn().Str("topic", at.topic).Int64("seq", first).Msg("the topic is empty and the journal begins later than seq 1: publishing what it has")
	}
	return at, nil
}

// CheckFork compares journal and topic, once for an epoch, before the shard's
// new owner numbers its first row; afterwards it tells whether the relay has
// stopped since. A *Fork says that they differ; checkpoint.ErrLost, that the
// shard is another's. Where Kafka cannot be asked within a few seconds, there
// is no error: the journal may grow without it.
func (r *Relay) CheckFork(ctx context.Context) error {
	if r.clear.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return r.standing(nil)
	}
	return r.standing(r.ready(ctx))
}

// standing is what a check came to: its own verdict where it has one, the
// former one where Kafka could not be asked.
func (r *Relay) standing(err error) error {
	var fork *Fork
	if err == nil && r.clear.Load() || errors.As(err, &fork) || lost(err) {
		return err
	}
	if fork = r.forked.Load(); fork != nil {
		return fork
	}
	return nil
}

// patience is how long CheckFork waits for Kafka.
const patience = 5 * time.Second
