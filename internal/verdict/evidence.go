package verdict

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/sink"
)

var (
	//go:embed sql/actions.sql
	actionsSQL string
	//go:embed sql/journal.sql
	journalSQL string
)

// A Key is what tells actions apart.
type Key struct{ Group, Action string }

// Evidence is everything a run left behind.
type Evidence struct {
	Journal    []Revision // by shard, then seq
	Actions    map[Key]Present
	Quarantine map[string]map[[32]byte]bool // by group: SHA-256 of the bytes
	Gaps       map[string][]Gap             // by group
	Topics     bool                         // whether they were asked for
	Records    []Record                     // of every revision, in the order of each partition
	Latest     []Record                     // of the compacted topic
}

// A Revision is one row of the journal. Typed is what it shares with the row of
// its action, as one text.
type Revision struct {
	sink.Row
	Typed string
}

// A Present is one row of aslog.scaling_action with the rows below it, as JSON.
type Present struct {
	Shard       int
	Seq         int64
	Typed       string
	Description *string
	Children    string
}

// A Gap is one row of aslog.gap.
type Gap struct {
	From, To time.Time
	Reason   string
}

// A Record is one record of the topic, as far as it is held against a row.
type Record struct {
	Partition  int
	Seq, Chain string // the headers
	ID         string // ce_id: group/action/revision
	Key        string
	Millis     int64 // the timestamp
	Value      value
}

// Gather reads all of it. The topics come first: what is published is in the
// journal already, so that a daemon that goes on meanwhile looks no worse.
func Gather(ctx context.Context, pool *pgxpool.Pool, brokers []string, prefix string) (*Evidence, error) {
	e := &Evidence{Actions: map[Key]Present{}, Quarantine: map[string]map[[32]byte]bool{}, Gaps: map[string][]Gap{}}
	if len(brokers) > 0 {
		if err := e.readTopics(ctx, pool, brokers, prefix); err != nil {
			return nil, err
		}
	}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return e, pgx.BeginTxFunc(ctx, pool, snapshot, func(tx pgx.Tx) error {
		for what, read := range map[string]func(context.Context, pgx.Tx) error{
			"journal": e.readJournal, "actions": e.readActions, "quarantine": e.readQuarantine, "gaps": e.readGaps,
		} {
			if err := read(ctx, tx); err != nil {
				return fmt.Errorf("read the %s: %w", what, err)
			}
		}
		return nil
	})
}

func (e *Evidence) readJournal(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, journalSQL)
	if err != nil {
		return err
	}
	for rows.Next() {
		var r Revision
		var raw string
		err := rows.Scan(&r.Shard, &r.Seq, &r.RecordedAt, &r.Source, &r.ProjectID, &r.GroupID, &r.GroupName, &r.ActionID,
			&r.Revision, &r.Change, &r.Status, &r.Type, &r.StartTime, &r.EndTime, &r.InstanceValue, &r.DesireValue,
			&r.ScalingValue, &r.ContentHash, &raw, &r.ChainHash, &r.Typed)
		if err != nil {
			return err
		}
		r.Raw = []byte(raw)
		e.Journal = append(e.Journal, r)
	}
	return rows.Err()
}

func (e *Evidence) readActions(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, actionsSQL)
	if err != nil {
		return err
	}
	for rows.Next() {
		var k Key
		var p Present
		if err := rows.Scan(&k.Group, &k.Action, &p.Shard, &p.Seq, &p.Typed, &p.Description, &p.Children); err != nil {
			return err
		}
		e.Actions[k] = p
	}
	return rows.Err()
}

func (e *Evidence) readQuarantine(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, "SELECT group_id, raw FROM aslog.quarantine")
	if err != nil {
		return err
	}
	var group string
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&group, &raw}, func() error {
		if e.Quarantine[group] == nil {
			e.Quarantine[group] = map[[32]byte]bool{}
		}
		e.Quarantine[group][sha256.Sum256(raw)] = true
		return nil
	})
	return err
}

func (e *Evidence) readGaps(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, "SELECT group_id, from_time, to_time, reason FROM aslog.gap")
	if err != nil {
		return err
	}
	var group string
	var g Gap
	_, err = pgx.ForEachRow(rows, []any{&group, &g.From, &g.To, &g.Reason}, func() error {
		e.Gaps[group] = append(e.Gaps[group], g)
		return nil
	})
	return err
}
