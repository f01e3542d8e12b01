package sink

import (
	"bytes"
	"context"

	"aslogd/sink/broker"
)

// newestLatest finds the newest record of a partition of the compacted topic.
// Compaction keeps it, whatever retention has taken from the other topic: it is
// the newest of its action.
func newestLatest(ctx context.Context, b *broker.Broker, prefix string, shard int) (found mark, start, end int64, err error) {
	topic := broker.LatestTopic(prefix)
	if start, end, err = b.Bounds(ctx, topic, shard); err != nil {
		return found, start, end, err
	}
	found, err = newestBack(ctx, b, topic, shard, start, end)
	return found, start, end, err
}

// echoes makes sure that the compacted topic is as far as the other one, whose
// newest record is given: each transaction writes to both, so where they differ
// one was made anew or has lost records. It returns the offset of its newest
// record, −1 where it has none.
//
// Emptied from its start on is no fault: somebody deleted its records, or gave
// it a retention, and its offsets go on.
func (r *Relay) echoes(ctx context.Context, newest mark) (int64, error) {
	actions, latest, shard := broker.ActionsTopic(r.prefix), broker.LatestTopic(r.prefix), r.lease.Shard
	found, start, end, err := newestLatest(ctx, r.broker, r.prefix, shard)
	switch {
	case err != nil:
		return -1, err
	case found.seq == 0 && start > 0:
		return -1, nil
	case found.seq == 0:
		return -1, r.fork(TopicAnew, newPrefix, "%s/%d holds nothing of the shard up to its end at offset %d, but %s holds seq %d last, %d records ahead: one of the two was made anew",
			latest, shard, end, actions, newest.seq, newest.seq)
	case found.seq < newest.seq:
		return -1, r.fork(TopicAnew, newPrefix, "%s/%d holds seq %d last, but %s holds seq %d, %d ahead: one of the two was made anew, or the brokers lost records",
			latest, shard, found.seq, actions, newest.seq, newest.seq-found.seq)
	case found.seq > newest.seq:
		return -1, r.fork(TopicAnew, newPrefix, "%s/%d holds seq %d last, but %s holds seq %d, %d ahead: one of the two was made anew, or the brokers lost records",
			actions, shard, newest.seq, latest, found.seq, found.seq-newest.seq)
	case newest.hash != nil && !bytes.Equal(found.hash, newest.hash):
		return -1, r.fork(TopicAnew, newPrefix, "%s/%d and %s tell different stories at seq %d: chain %x in the first, %x in the second: one of the two was made anew",
			latest, shard, actions, found.seq, found.hash, newest.hash)
	}
	return found.offset, nil
}
