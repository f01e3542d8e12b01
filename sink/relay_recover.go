package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/sink/broker"
)

// ready recovers, where that is due: after it, at is what the topic holds, and
// producer the only one that may add to it.
//
// The order is the proof. InitProducerID first: whatever transaction was open
// ends, decided ones included, so what is read back is all there will be but for
// what this producer adds. Then the lease again, then the read-back, then the
// comparison; what Postgres noted as published only says where to begin.
func (r *Relay) ready(ctx context.Context) error {
	if r.producer != nil {
		return nil
	}
	st, err := r.state(ctx)
	if err != nil {
		return err
	}
	if err := r.measure(ctx, st); err != nil {
		return err
	}
	producer, err := r.broker.Producer(ctx, fmt.Sprintf("%s.shard.%d", r.prefix, r.lease.Shard), r.timeout)
	if err != nil {
		return err
	}
	// Rows may have been committed, and the shard lost, since state was read.
	if st, err = r.store.state(ctx); err != nil {
		return err
	}
	at, err := r.survey(ctx, st)
	if err == nil {
		err = r.joins(ctx, at, st)
	}
	if err != nil {
		return r.settle(ctx, err)
	}
	if r.limit == 0 {
		if r.limit, err = r.smallest(ctx); err != nil {
			r.log.Warn().Err(err).Int("bytes", broker.DefaultLimit).Msg("the topics' largest message is not known: taking Kafka's default")
			r.limit = broker.DefaultLimit
		}
	}
	if err := r.store.advance(ctx, at); err != nil {
		return err
	}
	if at.offset >= 0 {
		producer.Follows(at.topic, r.lease.Shard, at.offset)
	}
	if at.echo >= 0 && at.seq > 0 {
		producer.Follows(broker.LatestTopic(r.prefix), r.lease.Shard, at.echo)
	}
	r.producer, r.at = producer, at
	r.sent.Store(&published{seq: at.seq, hash: at.hash})
	r.noted.Store(false)
	if r.forked.Swap(nil) != nil {
		r.log.Info().Int64("seq", at.seq).Msg("journal and topic agree again: the shard goes on")
	}
	r.clear.Store(true)
	return nil
}

// measure says how far behind the topic was when that was last known, so that
// the lag grows while Kafka is away.
func (r *Relay) measure(ctx context.Context, st *shardState) error {
	r.metrics.behind(r.lease.Shard, st.headSeq-st.known.seq)
	_, recordedAt, err := r.store.row(ctx, st.known.seq+1)
	if err != nil {
		return err
	}
	if !recordedAt.IsZero() {
		r.metrics.waiting(r.lease.Shard, time.Since(recordedAt))
	}
	return nil
}

// joins makes sure that the journal goes on right where the topic ends, in its
// chain too. Survey has found that both tell one story, so if it does not, the
// journal is damaged.
func (r *Relay) joins(ctx context.Context, at published, st *shardState) error {
	if at.seq == st.headSeq && !at.ends(st) {
		return r.damaged(at.seq, st.headSeq)
	}
	if at.seq >= st.headSeq {
		return nil
	}
	next, err := r.store.rows(ctx, at, 1, r.bytes)
	if err != nil {
		return err
	}
	if len(next) == 0 || next[0].Seq != at.seq+1 {
		return r.damaged(at.seq, st.headSeq)
	}
	_, err = r.chained(at, next, st.headSeq)
	return err
}

// settle notes a fork where err is one.
func (r *Relay) settle(ctx context.Context, err error) error {
	var fork *Fork
	if !errors.As(err, &fork) {
		return err
	}
	r.producer = nil
	r.clear.Store(fork.numbersOn())
	former := r.forked.Swap(fork)
	r.recent.drop()
	news := former == nil || former.What != fork.What
	if news {
		r.log.Error().Msg("the shard stands still: " + fork.What)
	}
	if news || !fork.numbersOn() {
		r.tell(news)
	}
	if err := r.store.stop(ctx, fork); err != nil {
		return errors.Join(fork, err)
	}
	return fork
}

// smallest is the largest batch that both topics take.
func (r *Relay) smallest(ctx context.Context) (int, error) {
	revisions, err := r.broker.Limit(ctx, broker.ActionsTopic(r.prefix))
	if err != nil {
		return 0, err
	}
	latest, err := r.broker.Limit(ctx, broker.LatestTopic(r.prefix))
	if err != nil {
		return 0, err
	}
	return min(revisions, latest), nil
}
