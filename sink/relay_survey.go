package sink

import (
	"bytes"
	"context"
	"errors"

	"aslogd/sink/broker"
)

// A mark is the newest record of ours that a topic holds.
type mark struct {
	seq    int64
	hash   []byte
	offset int64
}

// lookBack is how many offsets a first look from the end of a partition covers
// where nothing is known of it.
const lookBack = 256

// newest finds the newest committed record in [from, end) that carries a seq.
func newest(ctx context.Context, b *broker.Broker, topic string, shard int, from, end int64) (found mark, err error) {
	err = b.ReadCommitted(ctx, topic, shard, from, end, func(c *broker.Committed) error {
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

// newestBack finds it in [start, end), from the end on.
func newestBack(ctx context.Context, b *broker.Broker, topic string, shard int, start, end int64) (found mark, err error) {
	for back := int64(lookBack); ; back *= 8 {
		from := max(start, end-back)
		found, err = newest(ctx, b, topic, shard, from, end)
		if err != nil || found.seq > 0 || from == start {
			return found, err
		}
	}
}

// survey finds how far the topic is, and compares it with the journal. A *Fork
// is the finding that they differ.
func (r *Relay) survey(ctx context.Context, st *shardState) (published, error) {
	topic, shard, known := broker.ActionsTopic(r.prefix), r.lease.Shard, st.known
	at := published{topic: topic, offset: -1, echo: -1}
	var err error
	if at.cluster, err = r.broker.Cluster(ctx); err != nil {
		return at, err
	}
	misfit := r.fits(ctx)
	if fork := (*Fork)(nil); misfit != nil && !(errors.As(misfit, &fork) && fork.numbersOn()) {
		return at, misfit // there is no partition to look at, or nobody knows
	}
	start, end, err := r.broker.Bounds(ctx, topic, shard)
	if err != nil {
		return at, err
	}
	var found mark
	ours := known.topic == topic && known.seq > 0 // we have published here
	if ours {
		switch {
		case known.cluster != "" && at.cluster != "" && known.cluster != at.cluster:
			return at, r.fork(OtherCluster, newPrefix, "shard %d was published up to seq %d in Kafka cluster %s, but this is cluster %s",
				shard, known.seq, known.cluster, at.cluster)
		case known.offset >= end:
			return at, r.fork(TopicAnew, newPrefix, "%s/%d ends at offset %d, but seq %d was acknowledged at offset %d, %d further on: the topic was made anew, or the brokers lost records",
				topic, shard, end, known.seq, known.offset, known.offset-end+1)
		}
		if found, err = newest(ctx, r.broker, topic, shard, max(known.offset, start), end); err != nil {
			return at, err
		}
		switch {
		case found.seq == 0 && known.offset >= start:
			return at, r.fork(TopicAnew, newPrefix, "%s/%d goes on to offset %d, but the record of seq %d, acknowledged at offset %d, is not there, nor any after it: the topic was made anew, or the brokers lost records",
				topic, shard, end, known.seq, known.offset)
		case found.seq > 0 && found.seq < known.seq:
			return at, r.fork(TopicAnew, newPrefix, "%s/%d holds seq %d last, but seq %d was acknowledged: the topic lacks %d records",
				topic, shard, found.seq, known.seq, known.seq-found.seq)
		}
	} else if found, err = newestBack(ctx, r.broker, topic, shard, start, end); err != nil {
		return at, err
	}
	if found.seq == 0 {
		if found, err = r.forgotten(ctx, st, ours, start, end); err != nil {
			return at, err
		}
	}
	if at, err = r.compare(ctx, st, at, found); err != nil {
		return at, err
	}
	if found.seq > 0 {
		if at.echo, err = r.echoes(ctx, found); err != nil {
			return at, err
		}
	}
	return at, misfit
}

// forgotten finds how far the topic was when it holds no record of ours: never
// written to, or all of it is past its retention. What is noted here may be from
// an older state of Postgres than what was published and forgotten since, so the
// compacted topic is asked, which forgets no action's newest revision.
func (r *Relay) forgotten(ctx context.Context, st *shardState, ours bool, start, end int64) (mark, error) {
	found, _, _, err := newestLatest(ctx, r.broker, r.prefix, r.lease.Shard)
	if err != nil {
		return found, err
	}
	if found.seq > 0 && start == 0 {
		return found, r.fork(TopicAnew, newPrefix, "%s/%d holds nothing of the shard up to its end at offset %d, but %s holds seq %d last: one of the two was made anew",
			broker.ActionsTopic(r.prefix), r.lease.Shard, end, broker.LatestTopic(r.prefix), found.seq)
	}
	found.offset = -1 // it is the other topic's
	if ours && st.known.seq >= found.seq {
		found = mark{st.known.seq, st.known.hash, st.known.offset}
	}
	return found, nil
}

// compare holds the newest record of the topic against the journal's own row.
func (r *Relay) compare(ctx context.Context, st *shardState, at published, found mark) (published, error) {
	shard := r.lease.Shard
	if found.seq == 0 {
		return r.unpublished(ctx, at)
	}
	at.seq, at.hash, at.offset = found.seq, found.hash, found.offset
	if found.seq > st.headSeq {
		return at, r.fork(TopicAhead, bringBack, "%s/%d is ahead of the journal: it holds seq %d, the journal of shard %d ends at %d, %d rows behind (was Postgres restored to an older state, or does another database publish under this prefix?)",
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
		return at, r.fork(TopicAhead, bringBack, "%s/%d holds seq %d last, but the journal of shard %d, which goes up to %d, has no such row",
			at.topic, shard, found.seq, shard, st.headSeq)
	}
	if !bytes.Equal(hash, found.hash) {
		return at, r.fork(StoriesDiffer, bringBack, "%s/%d and the journal of shard %d tell different stories at seq %d: chain %x in the topic, %x in the journal, whose head is %d, %d further on (was Postgres restored, or do two databases publish under one prefix?)",
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
