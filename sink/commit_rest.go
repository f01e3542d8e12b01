package sink

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

var (
	//go:embed sql/commit_begin.sql
	beginSQL string
	//go:embed sql/commit_checkpoint.sql
	checkpointSQL string
	//go:embed sql/commit_settle.sql
	settleSQL string
	//go:embed sql/commit_scan.sql
	scanSQL string
)

// writeRest writes what the batches say besides their actions, and the head,
// in one round trip.
func (c *Committer) writeRest(ctx context.Context, tx pgx.Tx, a *attempt, rests []*item) error {
	b := &pgx.Batch{}
	c.queueBegins(b, a.end.at, rests)
	c.queueCheckpoints(b, a, rests)
	queueSettled(b, a.end.at, rests)
	if !a.told {
		queueScans(b, a, rests)
	}
	queueResolved(b, a.end.at, a, rests)
	queueFaults(b, a.end.at, a, rests)
	if b.Len() == 0 && a.rows() == 0 {
		return nil
	}
	b.Queue(headSQL, pgx.NamedArgs{
		"seq": a.end.seq, "hash": a.end.hash, "recorded_at": a.end.at, "commit": a.end.commit,
		"shard": c.lease.Shard, "owner": c.lease.Owner, "epoch": c.lease.Epoch,
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write coverage, scans, quarantine and head: %w", err)
	}
	return nil
}

func (c *Committer) queueBegins(b *pgx.Batch, at time.Time, rests []*item) {
	var begun []*ingest.Batch
	for _, it := range rests {
		if it.batch.Begin != nil {
			begun = append(begun, it.batch)
		}
	}
	if len(begun) == 0 {
		return
	}
	b.Queue(beginSQL, pgx.NamedArgs{
		"recorded_at": at, "shard": c.lease.Shard,
		"groups":   column(begun, func(n *ingest.Batch) string { return n.Target.Group }),
		"projects": column(begun, func(n *ingest.Batch) string { return n.Target.Project }),
		"sources":  column(begun, func(n *ingest.Batch) string { return n.Target.Source }),
		"froms":    column(begun, func(n *ingest.Batch) time.Time { return n.Begin.From }),
		"tails":    column(begun, func(n *ingest.Batch) time.Time { return n.Begin.Tail }),
	})
}

// A progress is what all batches of one group in a merged commit say about how
// far the group is read.
type progress struct {
	group   string
	covered []ingest.Span
	empty   []ingest.Span // covered by empty answers
	emptyBy time.Time
	from    *time.Time
	parks   []*item // that say the group is read to its end
	settled []ingest.Span
	lost    map[string][]ingest.Span
	oldest  *time.Time
	age     time.Duration
	late    time.Duration
	parked  *bool
}

// progressOf gathers it, a group once. What a batch covers is left out where
// something of it was dropped as stale: such a read proves nothing.
func progressOf(a *attempt, rests []*item) (all []*progress) {
	groups := map[string]*progress{}
	for _, it := range rests {
		n := it.batch
		covered, settled := n.Covered, []ingest.Span(nil)
		if n.Settled != nil {
			settled = n.Settled.Spans
		}
		if a.outcomes[it].Stale > 0 {
			covered, settled = nil, nil
		}
		if len(covered)+len(settled) == 0 && len(n.Lost) == 0 && n.Oldest == nil && n.Age == 0 && n.Late == 0 && n.Parked == nil && n.From == nil {
			continue
		}
		p := groups[n.Target.Group]
		if p == nil {
			p = &progress{group: n.Target.Group, lost: map[string][]ingest.Span{}}
			groups[p.group] = p
			all = append(all, p)
		}
		if n.EmptyBy.IsZero() {
			p.covered = append(p.covered, covered...)
		} else if len(covered) > 0 {
			p.empty = append(p.empty, covered...)
			if n.EmptyBy.After(p.emptyBy) {
				p.emptyBy = n.EmptyBy
			}
		}
		p.settled = append(p.settled, settled...)
		for _, l := range n.Lost {
			p.lost[l.Reason] = append(p.lost[l.Reason], l.Span)
		}
		if n.Oldest != nil && (p.oldest == nil || n.Oldest.Before(*p.oldest)) {
			p.oldest = n.Oldest
		}
		p.age, p.late = max(p.age, n.Age), max(p.late, n.Late)
		if n.From != nil && (p.from == nil || n.From.Before(*p.from)) {
			p.from = n.From
		}
		if n.Parked != nil {
			p.parked = n.Parked
			if *n.Parked {
				p.parks = append(p.parks, it)
			}
		}
	}
	return all
}

func (c *Committer) queueCheckpoints(b *pgx.Batch, a *attempt, rests []*item) {
	all := progressOf(a, rests)
	if len(all) == 0 {
		return
	}
	lost := func(reason string) []string {
		return column(all, func(p *progress) string { return multirange(p.lost[reason]) })
	}
	b.Queue(checkpointSQL, pgx.NamedArgs{
		"recorded_at": a.end.at,
		"groups":      column(all, func(p *progress) string { return p.group }),
		"covered":     column(all, func(p *progress) string { return multirange(p.covered) }),
		"retention":   lost(checkpoint.Retention),
		"offset_cap":  lost(checkpoint.OffsetCap),
		"gone":        lost(checkpoint.Gone),
		"oldest":      column(all, func(p *progress) *time.Time { return p.oldest }),
		"age":         column(all, func(p *progress) int64 { return p.age.Microseconds() }),
		"late":        column(all, func(p *progress) int64 { return p.late.Microseconds() }),
		"parked":      column(all, func(p *progress) *bool { return p.parked }),
		"settled":     column(all, func(p *progress) string { return multirange(p.settled) }),
		"empty":       column(all, func(p *progress) string { return multirange(p.empty) }),
		"froms":       column(all, func(p *progress) *time.Time { return p.from }),
		"empty_by":    column(all, func(p *progress) *time.Time { return known(p.emptyBy) }),
	}).Query(func(rows pgx.Rows) error {
		var group string
		var doubted checkpoint.Multirange
		tag, err := pgx.ForEachRow(rows, []any{&group, &doubted}, func() error {
			if spans := checkpoint.FromMultirange(doubted); len(spans) > 0 {
				a.doubt(all, group, spans)
			}
			return nil
		})
		if n := int64(len(all)) - tag.RowsAffected(); err == nil && n > 0 {
			c.log.Error().Int64("groups", n).Msg("progress of groups without a checkpoint was not taken")
		}
		return err
	})
}

// doubt tells those who park a group what was taken back of its coverage.
func (a *attempt) doubt(all []*progress, group string, spans checkpoint.Coverage) {
	for _, p := range all {
		if p.group != group {
			continue
		}
		for _, it := range p.parks {
			out := a.outcomes[it]
			out.Doubted = spans
			a.outcomes[it] = out
		}
	}
}

// queueSettled moves the pointers of the later re-reads.
func queueSettled(b *pgx.Batch, at time.Time, rests []*item) {
	var moved []*ingest.Batch
	for _, it := range rests {
		if it.batch.Settled != nil {
			moved = append(moved, it.batch)
		}
	}
	if len(moved) == 0 {
		return
	}
	b.Queue(settleSQL, pgx.NamedArgs{
		"recorded_at": at,
		"groups":      column(moved, func(n *ingest.Batch) string { return n.Target.Group }),
		"stages":      column(moved, func(n *ingest.Batch) int64 { return n.Settled.Stage.Microseconds() }),
		"reached":     column(moved, func(n *ingest.Batch) time.Time { return n.Settled.To }),
	})
}

// multirange is the text of spans as Postgres reads it: it sorts and merges
// them by itself.
func multirange(spans []ingest.Span) string {
	var s strings.Builder
	s.WriteByte('{')
	for i, span := range spans {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `["%s","%s")`, span.From.UTC().Format(time.RFC3339Nano), span.To.UTC().Format(time.RFC3339Nano))
	}
	s.WriteByte('}')
	return s.String()
}

// queueScans notes those scans that found, changed or failed something.
func queueScans(b *pgx.Batch, a *attempt, rests []*item) {
	type note struct {
		target ingest.Target
		ingest.Scan
	}
	var notes []note
	for _, it := range rests {
		if it.batch.Scan == nil {
			continue
		}
		n, out := note{it.batch.Target, *it.batch.Scan}, a.outcomes[it]
		n.New, n.Changed = n.New+out.New, n.Changed+out.Changed
		if n.New+n.Changed > 0 || n.Outcome != "proved" {
			notes = append(notes, n)
		}
	}
	if len(notes) == 0 {
		return
	}
	whole := func(value func(note) int) []int64 {
		return column(notes, func(n note) int64 { return int64(value(n)) })
	}
	b.Queue(scanSQL, pgx.NamedArgs{
		"recorded_at": a.end.at,
		"sources":     column(notes, func(n note) string { return n.target.Source }),
		"groups":      column(notes, func(n note) string { return n.target.Group }),
		"kinds":       column(notes, func(n note) string { return n.Class.String() }),
		"froms":       column(notes, func(n note) *time.Time { return known(n.Span.From) }),
		"tos":         column(notes, func(n note) *time.Time { return known(n.Span.To) }),
		"requests":    whole(func(n note) int { return n.Requests }),
		"totals":      whole(func(n note) int { return n.Total }),
		"distinct":    whole(func(n note) int { return n.Distinct }),
		"new":         whole(func(n note) int { return n.New }),
		"changed":     whole(func(n note) int { return n.Changed }),
		"restarts":    whole(func(n note) int { return n.Restarts }),
		"outcomes":    column(notes, func(n note) string { return clean(n.Outcome) }),
	})
}

// known is nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
