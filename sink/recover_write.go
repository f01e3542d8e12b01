package sink

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/ingest"
)

var (
	//go:embed sql/recover_note.sql
	recoverNoteSQL string
	//go:embed sql/recover_uncover.sql
	recoverUncoverSQL string
)

// write brings rows back in one transaction under the shard's epoch: journal,
// tables and head as the commit writes them, the coverage that is taken back,
// and how far the topic is.
func (r *recovery) write(ctx context.Context, rows []rebuilt, at published, stopped *Fork) error {
	for month := range months(rows) {
		if _, err := r.store.pool.Exec(ctx, `SELECT aslog.make_journal_month($1::date)`, month); err != nil {
			return fmt.Errorf("make the journal's partition of %s: %w", month, err)
		}
	}
	return pgx.BeginFunc(ctx, r.store.pool, func(tx pgx.Tx) error {
		start, _, err := r.commit.lock(ctx, tx, newPlan(nil))
		if err != nil {
			return err
		}
		if start.seq != rows[0].Seq-1 {
			return fmt.Errorf("lock shard %d: its journal ends at seq %d, not at %d: %w", r.lease.Shard, start.seq, rows[0].Seq-1, errMoved)
		}
		for rest := rows; len(rest) > 0; {
			n := together(rest)
			if err := r.revise(ctx, tx, start, rest[:n]); err != nil {
				return err
			}
			start.hash = rest[n-1].ChainHash
			rest = rest[n:]
		}
		if err := r.uncover(ctx, tx, rows); err != nil {
			return err
		}
		return r.note(ctx, tx, at, stopped)
	})
}

// together is how many of the rows can be written at once: each action once,
// and changed ones, whose table rows take the commit's time, of one time only.
func together(rows []rebuilt) int {
	seen := map[key]bool{}
	changed := false
	for i, row := range rows {
		k := key{row.GroupID, row.ActionID}
		changed = changed || row.Change == Changed
		if seen[k] || i > 0 && changed && !row.RecordedAt.Equal(rows[i-1].RecordedAt) {
			return i
		}
		seen[k] = true
	}
	return len(rows)
}

// revise writes rows as the commit that first made them did. An action counts
// as asked for under this epoch, so any answer to come is a later one.
func (r *recovery) revise(ctx context.Context, tx pgx.Tx, start head, rows []rebuilt) error {
	p := &plan{}
	for _, row := range rows {
		p.keys = append(p.keys, key{row.GroupID, row.ActionID})
	}
	_, stored, err := r.commit.lock(ctx, tx, p)
	if err != nil {
		return err
	}
	last := rows[len(rows)-1]
	a := &attempt{end: head{seq: last.Seq, hash: last.ChainHash, at: last.RecordedAt}, outcomes: map[*item]ingest.Outcome{}}
	hash := start.hash
	for i, row := range rows {
		if next := ChainHash(hash, row.Row); !bytes.Equal(next, row.ChainHash) {
			return fmt.Errorf("seq %d of shard %d does not follow from the row before", row.Seq, row.Shard)
		}
		hash = row.ChainHash
		name := row.GroupName
		it := &item{batch: &ingest.Batch{Epoch: r.lease.Epoch, Target: ingest.Target{
			Source: row.Source, Project: row.ProjectID, Group: row.GroupID, Name: name, Shard: row.Shard,
		}}}
		u := unit{it, &ingest.Seen{Action: row.action, Asked: row.RecordedAt}}
		c := change{key: p.keys[i], stored: stored[p.keys[i]], chosen: u, row: row.Row}
		v, revision := isNew, int64(0)
		if c.stored != nil {
			v, revision, c.former = isChanged, c.stored.revision, c.stored.hash
		}
		if row.Revision != revision+1 {
			return fmt.Errorf("seq %d of shard %d is revision %d of action %s, but aslog.scaling_action has revision %d: the tables do not belong to this journal",
				row.Seq, row.Shard, row.Revision, row.ActionID, revision)
		}
		c.final = c.stored.after(u.sight(), v)
		a.changes = append(a.changes, c)
	}
	if err := r.commit.writeActions(ctx, tx, a); err != nil {
		return err
	}
	return r.commit.writeRest(ctx, tx, a, nil)
}

// uncover takes back what was proved of the groups from the oldest start on. A
// group that the restored state does not know is found by the next list, with
// what only a list says of it.
func (r *recovery) uncover(ctx context.Context, tx pgx.Tx, rows []rebuilt) error {
	oldest := map[string]time.Time{}
	for _, row := range rows {
		if row.StartTime == nil {
			continue
		}
		if known, ok := oldest[row.GroupID]; !ok || row.StartTime.Before(known) {
			oldest[row.GroupID] = *row.StartTime
		}
	}
	groups := slices.Sorted(maps.Keys(oldest))
	_, err := tx.Exec(ctx, recoverUncoverSQL, pgx.NamedArgs{
		"groups": groups,
		"oldest": column(groups, func(group string) time.Time { return oldest[group] }),
	})
	if err != nil {
		return fmt.Errorf("take back the coverage of %d groups: %w", len(groups), err)
	}
	return nil
}

// note says how far the topic is known to be, and why the shard stands still
// (nil: it goes on).
func (r *recovery) note(ctx context.Context, tx pgx.Tx, at published, stopped *Fork) error {
	args := pgx.NamedArgs{
		"seq": at.seq, "hash": at.hash, "recorded_at": at.recordedAt, "cluster": at.cluster,
		"topic": at.topic, "offset": at.offset, "stopped": nil, "kind": nil, "stopped_topic": nil,
	}
	if stopped != nil {
		maps.Copy(args, r.store.stopArgs(stopped))
	}
	_, err := tx.Exec(ctx, recoverNoteSQL, r.store.args(args))
	if err != nil {
		return fmt.Errorf("note that shard %d is published up to %d: %w", r.lease.Shard, at.seq, err)
	}
	return nil
}

// months are the days on which the months of rows begin.
func months(rows []rebuilt) map[string]bool {
	found := map[string]bool{}
	for _, row := range rows {
		found[row.RecordedAt.Format("2006-01")+"-01"] = true
	}
	return found
}
