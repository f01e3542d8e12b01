package sink

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

var (
	//go:embed sql/commit_lock.sql
	lockSQL string
	//go:embed sql/commit_stored.sql
	storedSQL string
	//go:embed sql/commit_stored_one.sql
	storedOneSQL string
	//go:embed sql/commit_head.sql
	headSQL string
)

// A head is where the journal of a shard ends.
type head struct {
	seq    int64
	hash   []byte
	at     time.Time // recorded_at of what is committed now, and of nothing later
	commit string    // a name of the newest commit, which it wrote itself
}

// errMoved says that the journal is not where this epoch left it, though nobody
// else may write it: Postgres itself went back (restored, or a standby promoted
// that lacked the last commits). What readers remember of what is stored is
// then worth nothing, and what was published may be ahead of the journal.
var errMoved = errors.New("the journal has moved under its owner")

// errUnsure says that the answer to a commit was lost and that the journal, which
// ends where it ended before, lacks what it wrote. Where Postgres failed over to
// a standby, its rows may have been published meanwhile.
var errUnsure = errors.New("an earlier try was lost, or Postgres has lost it")

// An attempt is one merged commit, as far as it came.
type attempt struct {
	sent     bool // COMMIT was sent: without an answer nobody knows
	asked    bool // it was, and the topic does not hold its rows as far as that can be asked
	told     bool // an earlier try has told what is counted: scans, and pages that are no JSON
	end      head // where the journal ends with it
	changes  []change
	outcomes map[*item]ingest.Outcome
	faults   []faultCount
}

// rows reports how many journal rows it makes.
func (a *attempt) rows() (n int) {
	for i := range a.changes {
		if a.changes[i].row != nil {
			n++
		}
	}
	return n
}

// made are its journal rows.
func (a *attempt) made() (list []Revision) {
	for i := range a.changes {
		if ch := &a.changes[i]; ch.row != nil {
			list = append(list, Revision{ch.row, ch.chosen.seen.Action})
		}
	}
	return list
}

// transact is the one commit. It locks the shard under its epoch, compares
// what was read with what is stored, and writes journal, tables, coverage and
// head, all or nothing. With keep false it takes everything back at the end,
// to find out whether Postgres would have it. unsure is an earlier try whose
// answer was lost: where it turns out to have committed, it is returned.
//
// Invariants: only the owner under its own epoch writes; seq goes on from the
// head that this very transaction locked, so none is left out or given twice;
// what is covered is stored, now or before, for where the journal is not where
// this epoch left it, what its readers remember of commits is worth nothing.
func (c *Committer) transact(ctx context.Context, all []unit, unsure *attempt, keep bool) (*attempt, error) {
	p := newPlan(all)
	tx, err := c.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // after COMMIT it does nothing; a lost connection rolls back by itself

	start, stored, err := c.lock(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	if unsure != nil && unsure.rows() > 0 && bytes.Equal(unsure.end.hash, start.hash) {
		return unsure, nil
	}
	if c.at != nil && (c.at.seq != start.seq || !bytes.Equal(c.at.hash, start.hash)) {
		return nil, fmt.Errorf("lock shard %d: its journal ends at seq %d, but this epoch committed up to %d: %w",
			c.lease.Shard, start.seq, c.at.seq, errMoved)
	}
	if unsure != nil && unsure.rows() > 0 && !unsure.asked {
		return nil, fmt.Errorf("lock shard %d: its journal ends at seq %d, and a commit up to %d was not answered: %w",
			c.lease.Shard, start.seq, unsure.end.seq, errUnsure)
	}
	rehashed, err := c.rehash(ctx, tx, p, stored)
	if err != nil {
		return nil, err
	}
	// Where it made no rows, no hash tells whether it committed; its name does, for
	// it is in the row that is locked here if and only if all the rest is.
	a := &attempt{told: unsure != nil && (unsure.told || unsure.end.commit == start.commit)}
	a.changes, a.outcomes = p.judge(stored, rehashed, c.settle)
	a.end = c.number(start, a.changes)
	a.end.commit = rand.Text()

	if err := c.writeActions(ctx, tx, a); err != nil {
		return nil, err
	}
	if err := c.writeRest(ctx, tx, a, p.rests); err != nil {
		return nil, err
	}
	if !keep {
		return a, nil
	}
	a.sent = true
	if err := tx.Commit(ctx); err != nil {
		return a, fmt.Errorf("commit: %w", err)
	}
	return a, nil
}

// byKey has all that a commit looks up be found by an index, even where reading the
// table through would be less work: plans are kept, and tables grow.
const byKey = "SET LOCAL enable_seqscan = off"

// lock takes the shard's row, which nobody else can have while this
// transaction lives, and reads what is stored of the plan's actions.
func (c *Committer) lock(ctx context.Context, tx pgx.Tx, p *plan) (head, map[key]*state, error) {
	var h head
	groups, actions := columns(p.keys)
	stored := make(map[key]*state, len(p.keys))
	b := &pgx.Batch{}
	b.Queue(byKey)
	b.Queue(lockSQL, pgx.NamedArgs{"shard": c.lease.Shard, "owner": c.lease.Owner, "epoch": c.lease.Epoch}).
		QueryRow(func(row pgx.Row) error { return row.Scan(&h.seq, &h.hash, &h.at, &h.commit) })
	keep := func(rows pgx.Rows) error { return scanStored(rows, stored) }
	switch {
	case len(groups) > few:
		b.Queue(storedSQL, pgx.NamedArgs{"groups": groups, "actions": actions}).Query(keep)
	default:
		for i := range groups {
			b.Queue(storedOneSQL, pgx.NamedArgs{"groups": groups[i : i+1], "actions": actions[i : i+1]}).Query(keep)
		}
	}
	err := tx.SendBatch(ctx, b).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return h, nil, fmt.Errorf("lock shard %d under epoch %d: %w", c.lease.Shard, c.lease.Epoch, checkpoint.ErrLost)
	}
	if err != nil {
		return h, nil, fmt.Errorf("lock shard %d and look %d actions up: %w", c.lease.Shard, len(groups), err)
	}
	return h, stored, nil
}

func scanStored(rows pgx.Rows, stored map[key]*state) error {
	for rows.Next() {
		var k key
		var s state
		var open bool
		var since *time.Time
		if err := rows.Scan(&k.group, &k.action, &s.hash, &s.revision, &open,
			&s.epoch, &s.asked, &s.earlier, &s.staleHash, &since); err != nil {
			return err
		}
		s.ended = !open
		if since != nil {
			s.staleSince = *since
		}
		stored[k] = &s
	}
	return rows.Err()
}

// number gives each revision its journal row: the next seq, and the next link
// of the chain.
func (c *Committer) number(at head, changes []change) head {
	for i := range changes {
		ch := &changes[i]
		if ch.chosen.seen == nil {
			continue
		}
		t, a := ch.chosen.item.batch.Target, ch.chosen.seen
		at.seq++
		ch.row = &Row{
			Shard: c.lease.Shard, Seq: at.seq, RecordedAt: micro(at.at),
			Source: t.Source, ProjectID: t.Project, GroupID: t.Group, GroupName: cleanp(t.Name),
			ActionID: a.ID, Revision: 1, Change: New,
			Status: a.Status, Type: a.Type, StartTime: microp(a.StartTime), EndTime: microp(a.EndTime),
			InstanceValue: a.InstanceValue, DesireValue: a.DesireValue, ScalingValue: a.ScalingValue,
			ContentHash: a.Hash, Raw: a.Raw,
		}
		if ch.stored != nil {
			ch.row.Revision, ch.row.Change = ch.stored.revision+1, Changed
		}
		ch.row.ChainHash = ChainHash(at.hash, ch.row)
		at.hash = ch.row.ChainHash
	}
	return at
}
