package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"aslogd/checkpoint"
	"aslogd/sink/broker"
)

// A RecoverConfig is what Recover needs. The lease says that the shard is the
// caller's for as long as it takes.
type RecoverConfig struct {
	Pool               *pgxpool.Pool
	Lease              checkpoint.Lease
	Broker             *broker.Broker
	Prefix             string               // of the topics
	TransactionTimeout time.Duration        // of the relay's transactional id
	Progress           func(seq, end int64) // called after each transaction with the offset read to; may be nil
}

// Recovered is what Recover did: First to Last are back, none where Last is 0.
type Recovered struct {
	Shard       int
	First, Last int64 // seq
	Groups      int
	Head, Topic int64 // the newest seq of the journal, before, and of the topic; 0: none
}

// A recovery brings back what the topic holds of a shard and the journal lacks.
type recovery struct {
	RecoverConfig
	lease  checkpoint.Lease
	store  relayStore
	commit *Committer // never run: it writes rows as a commit does

	topic   string
	cluster string
	end     int64 // of the partition

	done  Recovered
	head  head // where the journal ends with what is in lot
	over  mark // the newest record at or below the journal's own head
	last  mark // of the lot
	lot   []rebuilt
	bytes int
	known map[string]bool
}

// What goes into one transaction.
const (
	lotRows  = 1000
	lotBytes = 8 << 20
)

// Recover reads the topic beyond the journal's head and brings the rows back:
// the journal byte for byte, and the tables to their newest revisions. The
// chain proves each one: a row whose hash does not follow from the row before
// is not written. A *Fork says where and why it had to stop; what came before
// is back then, and the shard stands still. Running it again is harmless.
func Recover(ctx context.Context, cfg RecoverConfig) (Recovered, error) {
	r := &recovery{
		RecoverConfig: cfg, lease: cfg.Lease, store: relayStore{cfg.Pool, cfg.Lease, broker.ActionsTopic(cfg.Prefix)},
		commit: NewCommitter(CommitterConfig{Pool: cfg.Pool, Lease: cfg.Lease, Log: zerolog.Nop()}),
		topic:  broker.ActionsTopic(cfg.Prefix), known: map[string]bool{},
	}
	r.done.Shard = cfg.Lease.Shard
	if r.Progress == nil {
		r.Progress = func(int64, int64) {}
	}
	err := r.run(ctx)
	return r.done, err
}

func (r *recovery) run(ctx context.Context) error {
	// Ends what a former owner's relay may have left open, so that the end of
	// the partition is the end.
	id := fmt.Sprintf("%s.shard.%d", r.Prefix, r.lease.Shard)
	if _, err := r.Broker.Producer(ctx, id, r.TransactionTimeout); err != nil {
		return err
	}
	st, err := r.store.state(ctx)
	if err != nil {
		return err
	}
	if r.cluster, err = r.Broker.Cluster(ctx); err != nil {
		return err
	}
	start, end, err := r.Broker.Bounds(ctx, r.topic, r.lease.Shard)
	if err != nil {
		return err
	}
	r.end, r.done.Head = end, st.headSeq
	r.head = head{seq: st.headSeq, hash: st.headHash}
	from, err := r.from(ctx, st, start)
	if err != nil {
		return err
	}
	err = r.Broker.ReadCommitted(ctx, r.topic, r.lease.Shard, from, end, func(c *broker.Committed) error {
		return r.take(ctx, c)
	})
	var fork *Fork
	if err != nil && !errors.As(err, &fork) {
		return err
	}
	return r.finish(ctx, fork)
}

// from is the offset to read from: that of the record which the journal knows
// to be published, where the topic still has it there, else the first.
func (r *recovery) from(ctx context.Context, st *shardState, start int64) (int64, error) {
	k := st.known
	if k.topic != r.topic || k.seq == 0 || k.seq > st.headSeq || k.offset < start || k.offset >= r.end {
		return start, nil
	}
	from := start
	err := r.Broker.ReadCommitted(ctx, r.topic, r.lease.Shard, k.offset, k.offset+1, func(c *broker.Committed) error {
		m, err := markOf(c)
		if err == nil && m.seq == k.seq && bytes.Equal(m.hash, k.hash) {
			from = k.offset
		}
		return err
	})
	return from, err
}

// take judges the next record.
func (r *recovery) take(ctx context.Context, c *broker.Committed) error {
	m, err := markOf(c)
	if err != nil || m.seq == 0 {
		return err
	}
	r.done.Topic = max(r.done.Topic, m.seq)
	switch {
	case m.seq == r.done.Head && !bytes.Equal(m.hash, r.head.hash) && r.last.seq == 0:
		return r.fork(StoriesDiffer, newPrefix, "%s/%d and the journal of shard %d tell different stories at seq %d, the journal's last: nothing can be brought back behind it",
			r.topic, r.lease.Shard, r.lease.Shard, m.seq)
	case m.seq <= r.done.Head:
		if m.seq > r.over.seq {
			r.over = m
		}
		return nil
	case m.seq <= r.head.seq:
		return nil // seen already
	case m.seq > r.head.seq+1:
		return r.fork(NotRecoverable, newPrefix, "%s/%d lacks what follows seq %d: it goes on with seq %d at offset %d, and %d rows are in neither topic nor journal",
			r.topic, r.lease.Shard, r.head.seq, m.seq, m.offset, m.seq-r.head.seq-1)
	}
	row, err := rebuild(r.lease.Shard, m, c)
	if errors.Is(err, errTruncated) {
		return r.fork(NotRecoverable, restoreNewer, "seq %d of %s/%d cannot be rebuilt: %v", m.seq, r.topic, r.lease.Shard, err)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(ChainHash(r.head.hash, row.Row), m.hash) {
		return r.fork(StoriesDiffer, newPrefix, "seq %d of %s/%d does not follow from the journal's row %d: journal and topic tell different stories (do two databases publish under one prefix, or did the journal go on by itself since?)",
			m.seq, r.topic, r.lease.Shard, r.head.seq)
	}
	if r.last.seq == 0 {
		// From here on, and until all is back, nobody may number rows, not even
		// where Kafka cannot be asked.
		if err := r.store.stop(ctx, r.recovering("is bringing rows back from %s/%d; if it was ended, run it again", r.topic, r.lease.Shard)); err != nil {
			return err
		}
	}
	r.head, r.last = head{seq: m.seq, hash: m.hash, at: row.RecordedAt}, m
	r.lot = append(r.lot, row)
	r.bytes += len(row.Raw) + 1<<10
	if len(r.lot) < lotRows && r.bytes < lotBytes {
		return nil
	}
	return r.flush(ctx, r.recovering("brought the journal back up to seq %d, and the topic goes on; run it again", m.seq))
}

// restoreNewer is the way out where a row cannot be rebuilt.
const restoreNewer = "restore a newer backup of Postgres, or set a new ASLOGD_KAFKA_TOPIC_PREFIX and let the API be read again"

func (r *recovery) fork(kind Kind, way, format string, args ...any) *Fork {
	return forkOf(r.lease.Shard, kind, way, format, args...)
}

// recovering is why the shard stands still meanwhile.
func (r *recovery) recovering(format string, args ...any) *Fork {
	return &Fork{Shard: r.lease.Shard, Kind: Recovering, What: fmt.Sprintf("`aslogd recover --from-topic` "+format, args...)}
}

// flush writes the lot.
func (r *recovery) flush(ctx context.Context, stopped *Fork) error {
	if len(r.lot) == 0 {
		return nil
	}
	at := published{
		seq: r.last.seq, hash: r.last.hash, recordedAt: r.head.at,
		cluster: r.cluster, topic: r.topic, offset: r.last.offset,
	}
	if err := r.write(ctx, r.lot, at, stopped); err != nil {
		return fmt.Errorf("bring seq %d to %d of shard %d back: %w", r.lot[0].Seq, r.last.seq, r.lease.Shard, err)
	}
	if r.done.First == 0 {
		r.done.First = r.lot[0].Seq
	}
	r.done.Last = r.last.seq
	for _, row := range r.lot {
		r.known[row.GroupID] = true
	}
	r.done.Groups = len(r.known)
	r.lot, r.bytes = nil, 0
	r.Progress(r.last.seq, r.last.offset)
	return nil
}

// finish writes what is left, and lets the shard go on, or says why it cannot.
func (r *recovery) finish(ctx context.Context, fork *Fork) error {
	if fork == nil && r.done.Topic == 0 {
		// Nothing to read may be because all of it is past the retention. The
		// compacted topic still knows how far it was.
		last, _, _, err := newestLatest(ctx, r.Broker, r.Prefix, r.lease.Shard)
		if err != nil {
			return err
		}
		if r.done.Topic = last.seq; last.seq > r.done.Head {
			fork = r.fork(NotRecoverable, newPrefix, "%s/%d has forgotten what follows seq %d: seq %d was published last, and the %d rows up to it are in neither topic nor journal",
				r.topic, r.lease.Shard, r.done.Head, last.seq, last.seq-r.done.Head)
		}
	}
	if fork == nil && r.last.seq == 0 && r.over.seq > 0 {
		// Nothing to bring back; whether the stories agree is still a question.
		hash, _, err := r.store.row(ctx, r.over.seq)
		if err != nil {
			return err
		}
		if hash != nil && !bytes.Equal(hash, r.over.hash) {
			fork = r.fork(StoriesDiffer, newPrefix, "%s/%d and the journal of shard %d tell different stories at seq %d, the topic's last", r.topic, r.lease.Shard, r.lease.Shard, r.over.seq)
		}
	}
	if fork == nil {
		if len(r.lot) > 0 {
			return r.flush(ctx, nil)
		}
		if r.last.seq == 0 {
			if r.over.seq < r.done.Head {
				return nil // how far the topic is behind is the relay's affair
			}
		}
		return r.store.goOn(ctx)
	}
	if err := r.flush(ctx, fork); err != nil {
		return err
	}
	return errors.Join(fork, r.store.stop(ctx, fork))
}
