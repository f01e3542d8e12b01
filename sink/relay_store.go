package sink

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/checkpoint"
)

var (
	//go:embed sql/relay_state.sql
	relayStateSQL string
	//go:embed sql/relay_row.sql
	relayRowSQL string
	//go:embed sql/relay_first.sql
	relayFirstSQL string
	//go:embed sql/relay_rows.sql
	relayRowsSQL string
	//go:embed sql/relay_advance.sql
	relayAdvanceSQL string
	//go:embed sql/relay_go_on.sql
	relayGoOnSQL string
	//go:embed sql/relay_stop.sql
	relayStopSQL string
)

// A published is how far a topic is known to mirror the journal. Seq 0 is not
// at all; offset −1 is unknown.
type published struct {
	seq        int64
	hash       []byte
	recordedAt time.Time
	cluster    string
	topic      string
	offset     int64
	echo       int64 // offset in the compacted topic, where survey has just seen it; else −1 or 0
}

// A shardState is a shard as its owner finds it.
type shardState struct {
	headSeq  int64
	headHash []byte
	known    published
	stopped  string // why it stands still; with its kind, and the topic that it is about
	kind     Kind

	stoppedTopic string
}

// elsewhere reports whether the shard stood still for another topic than this one,
// for which nothing of it holds.
func (st *shardState) elsewhere(topic string) bool {
	return st.stopped != "" && st.stoppedTopic != "" && st.stoppedTopic != topic
}

// A relayStore is what the relay asks of Postgres: it reads the journal, and
// writes nothing but how far the topic is.
type relayStore struct {
	pool  database
	lease checkpoint.Lease
	topic string // of all revisions
}

func (s relayStore) args(more pgx.NamedArgs) pgx.NamedArgs {
	args := pgx.NamedArgs{"shard": s.lease.Shard, "owner": s.lease.Owner, "epoch": s.lease.Epoch}
	for name, value := range more {
		args[name] = value
	}
	return args
}

// An unread is an error of Postgres, which holds what nobody else can tell: until
// it answers, nothing is known of the shard.
type unread struct{ error }

func (u unread) Unwrap() error { return u.error }

// state also checks the lease: it fails with ErrLost when the shard is
// another's.
func (s relayStore) state(ctx context.Context) (*shardState, error) {
	st, _, err := s.confirm(ctx, published{}, nil)
	return st, err
}

// confirm is state, and leaves of the messages after a published one those that the
// journal holds as they are: the same chain hash is the same row, seq and all.
func (s relayStore) confirm(ctx context.Context, after published, list []message) (*shardState, []message, error) {
	var st shardState
	var recordedAt *time.Time
	var hashes [][]byte
	until := after.seq
	if len(list) > 0 {
		until = list[len(list)-1].seq
	}
	k := &st.known
	err := s.pool.QueryRow(ctx, relayStateSQL, s.args(pgx.NamedArgs{"after": after.seq, "until": until, "since": after.recordedAt})).Scan(
		&st.headSeq, &st.headHash, &k.seq, &k.hash, &recordedAt, &k.cluster, &k.topic, &k.offset, &st.stopped, &st.kind, &st.stoppedTopic, &hashes)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, fmt.Errorf("check the lease of shard %d: %w", s.lease.Shard, checkpoint.ErrLost)
	}
	if err != nil {
		return nil, nil, unread{fmt.Errorf("check the lease of shard %d: %w", s.lease.Shard, err)}
	}
	if recordedAt != nil {
		k.recordedAt = recordedAt.UTC()
	}
	same := 0
	for same < min(len(list), len(hashes)) && bytes.Equal(list[same].hash, hashes[same]) {
		same++
	}
	return &st, list[:same], nil
}

// row is the chain hash and recorded_at of one journal row; nil where there is
// none.
func (s relayStore) row(ctx context.Context, seq int64) (hash []byte, recordedAt time.Time, err error) {
	err = s.pool.QueryRow(ctx, relayRowSQL, s.args(pgx.NamedArgs{"seq": seq})).Scan(&hash, &recordedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, unread{fmt.Errorf("read journal row %d of shard %d: %w", seq, s.lease.Shard, err)}
	}
	return hash, recordedAt.UTC(), nil
}

// first is the oldest seq that the journal holds; 0 where it is empty.
func (s relayStore) first(ctx context.Context) (seq int64, err error) {
	err = s.pool.QueryRow(ctx, relayFirstSQL, s.args(nil)).Scan(&seq)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, unread{fmt.Errorf("read the oldest journal row of shard %d: %w", s.lease.Shard, err)}
	}
	return seq, nil
}

// rows are the journal rows that come after a published one, at most limit, and
// no more once their raw records have so many bytes.
func (s relayStore) rows(ctx context.Context, after published, limit, bytes int) ([]*Row, error) {
	rows, err := s.pool.Query(ctx, relayRowsSQL, s.args(pgx.NamedArgs{
		"after": after.seq, "since": after.recordedAt, "rows": limit, "bytes": bytes,
	}))
	if err != nil {
		return nil, unread{fmt.Errorf("read the journal of shard %d after %d: %w", s.lease.Shard, after.seq, err)}
	}
	list, err := scanRows(rows, s.lease.Shard)
	if err != nil {
		return nil, unread{fmt.Errorf("read the journal of shard %d after %d: %w", s.lease.Shard, after.seq, err)}
	}
	return list, nil
}

// scanRows reads whole rows of a shard, in the columns' order of the queries.
func scanRows(rows pgx.Rows, shard int) ([]*Row, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Row, error) {
		r := &Row{Shard: shard}
		var raw string
		err := row.Scan(&r.Seq, &r.RecordedAt, &r.Source, &r.ProjectID, &r.GroupID, &r.GroupName, &r.ActionID,
			&r.Revision, &r.Change, &r.Status, &r.Type, &r.StartTime, &r.EndTime, &r.InstanceValue,
			&r.DesireValue, &r.ScalingValue, &r.ContentHash, &raw, &r.ChainHash)
		r.RecordedAt, r.Raw = r.RecordedAt.UTC(), []byte(raw)
		return r, err
	})
}

// advance notes how far the topic is, and that the shard does not stand still.
func (s relayStore) advance(ctx context.Context, p published) error {
	args := pgx.NamedArgs{"seq": p.seq, "hash": p.hash, "cluster": p.cluster, "topic": p.topic, "offset": nil, "recorded_at": nil}
	if p.offset >= 0 {
		args["offset"] = p.offset
	}
	if !p.recordedAt.IsZero() {
		args["recorded_at"] = p.recordedAt
	}
	if _, err := s.pool.Exec(ctx, relayAdvanceSQL, s.args(args)); err != nil {
		return unread{fmt.Errorf("note that shard %d is published up to %d: %w", s.lease.Shard, p.seq, err)}
	}
	return nil
}

// stop notes why the shard stands still.
func (s relayStore) stop(ctx context.Context, why *Fork) error {
	if _, err := s.pool.Exec(ctx, relayStopSQL, s.args(s.stopArgs(why))); err != nil {
		return unread{fmt.Errorf("note that shard %d stopped: %w", s.lease.Shard, err)}
	}
	return nil
}

// stopArgs are a stop's columns. A damaged journal is so whatever the topic.
func (s relayStore) stopArgs(why *Fork) pgx.NamedArgs {
	args := pgx.NamedArgs{"stopped": why.What, "kind": nil, "stopped_topic": s.topic}
	if why.Kind != "" {
		args["kind"] = string(why.Kind)
	}
	if why.Kind == JournalDamaged {
		args["stopped_topic"] = nil
	}
	return args
}

// goOn strikes out that the shard stands still.
func (s relayStore) goOn(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, relayGoOnSQL, s.args(nil)); err != nil {
		return unread{fmt.Errorf("note that shard %d goes on: %w", s.lease.Shard, err)}
	}
	return nil
}
