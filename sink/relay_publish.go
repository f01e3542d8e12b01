package sink

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"aslogd/sink/broker"
)

// publish commits one lot of rows, and reports whether there are more. The
// lease is checked before each transaction, and so is that the journal still
// goes on from what is published: Postgres may have failed over to a standby
// that lacked the last rows, and their seqs been given again before this looks.
//
// Invariants: a seq is published once, in order; what is published was in the
// journal; each record's chain follows from that of the record before it.
func (r *Relay) publish(ctx context.Context) (more bool, err error) {
	st, messages, err := r.store.confirm(ctx, r.at, r.recent.after(r.at, r.lot, r.bytes, r.limit))
	if err != nil {
		return false, err
	}
	r.metrics.behind(r.lease.Shard, st.headSeq-r.at.seq)
	if st.headSeq < r.at.seq || st.headSeq == r.at.seq && !r.at.ends(st) {
		return r.doubt(ctx, st) // Postgres went back behind what is published
	}
	if st.headSeq == r.at.seq {
		r.metrics.waiting(r.lease.Shard, 0)
		if st.known.seq < r.at.seq { // Postgres was away when it was to be noted
			err = r.store.advance(ctx, r.at)
		}
		return false, err
	}
	if err := r.fits(ctx); err != nil {
		return false, r.settle(ctx, err)
	}
	if len(messages) == 0 {
		if messages, err = r.read(ctx, st); err != nil {
			return false, err
		}
	}
	if len(messages) == 0 {
		return r.doubt(ctx, st) // it went back and on again, with other rows
	}
	r.metrics.waiting(r.lease.Shard, time.Since(messages[0].at))
	list, lastBatch := batches(messages, r.prefix, r.limit)
	last := messages[len(messages)-1]
	r.sent.Store(&published{seq: last.seq, hash: last.hash})
	r.noted.Store(false)
	r.begun = time.Now()
	producer := r.producer
	r.producer = nil // until the outcome is known
	offsets, err := producer.Publish(ctx, r.lease.Shard, list)
	if err != nil {
		if errors.Is(err, broker.ErrTooLarge) {
			r.smaller(ctx, len(messages))
		}
		return false, err
	}
	r.producer = producer
	r.recent.published(last.seq)
	r.lot = min(2*r.lot, maxRows)
	r.at.seq, r.at.hash, r.at.recordedAt = last.seq, last.hash, last.at
	r.at.offset = offsets[lastBatch] + int64(len(list[lastBatch].Records)) - 1
	r.metrics.behind(r.lease.Shard, st.headSeq-r.at.seq)
	if r.at.seq == st.headSeq {
		r.metrics.waiting(r.lease.Shard, 0)
	}
	return r.at.seq < st.headSeq, r.store.advance(ctx, r.at)
}

// read makes messages of the journal's rows that follow the last published one, up
// to what is remembered. There is none where the journal does not go on from what is
// published.
func (r *Relay) read(ctx context.Context, st *shardState) ([]message, error) {
	lot := r.lot
	if n := r.recent.lacks(r.at.seq); n > 0 {
		lot = min(lot, n)
	}
	rows, err := r.store.rows(ctx, r.at, lot, r.bytes)
	if err != nil {
		return nil, err
	}
	if r.at.seq > 0 && len(rows) > 0 && rows[0].Seq == r.at.seq+1 && !r.at.precedes(rows[0]) {
		return nil, nil
	}
	if rows, err = r.gapless(rows, st.headSeq); err != nil {
		return nil, r.settle(ctx, err)
	}
	return messages(rows, r.limit)
}

// doubt has journal and topic compared again before anything else is published.
// What is published is known no longer than the producer is kept, so that stays
// until the doubt is noted.
func (r *Relay) doubt(ctx context.Context, st *shardState) (more bool, err error) {
	err = r.suspect(ctx, "the journal of shard %d, which ends at seq %d, does not go on from seq %d, chain %x, which was published",
		r.lease.Shard, st.headSeq, r.at.seq, r.at.hash)
	if err != nil {
		return false, err
	}
	r.producer = nil
	return true, nil
}

// gapless are the rows that follow the last published one, without a hole and
// in its chain. A hole means that the journal was damaged; publishing past it
// would hide that.
func (r *Relay) gapless(rows []*Row, head int64) ([]*Row, error) {
	for i, row := range rows {
		if row.Seq != r.at.seq+1+int64(i) {
			rows = rows[:i]
			break
		}
	}
	if len(rows) == 0 {
		return nil, r.damaged(r.at.seq, head)
	}
	return r.chained(r.at, rows, head)
}

// smaller halves the next lot. Batches are cut to the topics' limit, so a
// refusal means that the limit has been lowered since it was asked for; where
// it has not, a single row is cut further until it passes, for one row must
// never block its shard.
func (r *Relay) smaller(ctx context.Context, rows int) {
	former := r.limit
	if limit, err := r.smallest(ctx); err == nil {
		r.limit = min(limit, former)
	}
	if rows > 1 {
		r.lot = rows / 2
	} else if r.limit == former {
		r.limit = max(former/2, 2*broker.Overhead)
	}
}

// A trouble is told once, and then every five minutes while it lasts.
type trouble struct {
	log   zerolog.Logger
	since time.Time
	said  time.Time
}

func (t *trouble) tell(err error) {
	now := time.Now()
	if t.since.IsZero() {
		t.since = now
	}
	if now.Sub(t.said) > 5*time.Minute {
		t.said = now
		t.log.Warn().Err(err).Msg("publishing waits: the journal keeps everything")
	}
}

func (t *trouble) over() {
	if !t.since.IsZero() {
		t.log.Info().Dur("after", time.Since(t.since)).Msg("publishing goes on")
	}
	t.since, t.said = time.Time{}, time.Time{}
}
