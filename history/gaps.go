package history

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/checkpoint"
)

// Unproven is the reason of a gap that can still close.
const Unproven = "unproven"

func (r *Report) readGaps(ctx context.Context, tx pgx.Tx) error {
	byID := make(map[string]*Group, len(r.Groups))
	for i := range r.Groups {
		byID[r.Groups[i].ID] = &r.Groups[i]
	}
	failing := map[string]bool{}
	names, err := collect(ctx, tx, failingSQL, func(row pgx.CollectableRow) (id string, err error) {
		var outcome string
		err = row.Scan(&id, &outcome)
		return id, err
	})
	if err != nil {
		return err
	}
	for _, id := range names {
		failing[id] = true
	}
	spans, err := asked(ctx, tx)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, gapsSQL)
	if err != nil {
		return err
	}
	var id string
	var gap Gap
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&id, &gap.From, &gap.To, &gap.Reason, &n}, func() error {
		g := byID[id]
		if g == nil {
			return nil // a checkpoint whose group was never listed
		}
		g.GapCounts[gap.Reason] = n
		gap.From, gap.To = gap.From.UTC(), gap.To.UTC()
		gap.Closing = gap.Reason == Unproven && r.served(g) &&
			(!failing[id] && backfills(g, gap) || spans[id].Contains(checkpoint.Span{From: gap.From, To: gap.To}))
		g.Gaps = append(g.Gaps, gap)
		return nil
	})
	return err
}

// backfills reports whether the daemon's own backfill will get to a gap: the
// gap lies before the point where the tail began.
func backfills(g *Group, gap Gap) bool {
	return g.tailFrom != nil && !gap.From.After(*g.tailFrom) && !g.parked
}

// served reports whether anything that was asked about the group will be done:
// somebody holds its shard, the shard does not stand still, and the group is
// still there to be asked, and wanted.
func (r *Report) served(g *Group) bool {
	return g.Living && g.Named && r.works(g.Shard)
}

// works reports whether somebody holds the shard, and it does not stand still.
func (r *Report) works(shard int) bool {
	return slices.ContainsFunc(r.Shards, func(s Shard) bool { return s.Number == shard && s.Living && s.Stopped == nil })
}

// forEver reports whether nothing can close a gap of this reason.
func forEver(reason string) bool {
	return reason == checkpoint.Retention || reason == checkpoint.Gone || reason == checkpoint.OffsetCap
}

// A Breach is something that stands longer than it may.
type Breach struct {
	Group Group
	Gap   *Gap          // nil: the lag
	For   time.Duration // how long it has stood
}

// Breaches finds what an operator should be woken for: a living group's lag over
// maxLag, and a gap that has stood for longer than maxLag, can still close, and
// that no running backfill will close. A group that the configuration does not
// name is read by nobody, and wakes nobody. A gap is known to stand since its end:
// coverage had passed it then.
func (r *Report) Breaches(maxLag time.Duration) (found []Breach) {
	for _, g := range r.Groups {
		if !g.Named {
			continue
		}
		if lag := time.Duration(g.LagSeconds * float64(time.Second)); g.Living && lag > maxLag {
			found = append(found, Breach{Group: g, For: lag})
		}
		for i := range g.Gaps {
			gap := &g.Gaps[i]
			if stood := r.At.Sub(gap.To); stood > maxLag && !forEver(gap.Reason) && !gap.Closing {
				found = append(found, Breach{Group: g, Gap: gap, For: stood})
			}
		}
	}
	return found
}

// sum takes the groups of each source together.
func (r *Report) sum(ctx context.Context, tx pgx.Tx) error {
	paused := map[string]*time.Time{}
	rows, err := tx.Query(ctx, "SELECT source, paused_until FROM aslog.budget WHERE paused_until > clock_timestamp()")
	if err != nil {
		return err
	}
	var name string
	var until time.Time
	_, err = pgx.ForEachRow(rows, []any{&name, &until}, func() error {
		paused[name] = utc(&until)
		return nil
	})
	if err != nil {
		return err
	}
	var s *Source
	for _, g := range r.Groups { // in the order of their sources
		if s == nil || s.Name != g.Source {
			r.Sources = append(r.Sources, Source{Name: g.Source, Gaps: map[string]int64{}, PausedUntil: paused[g.Source]})
			s = &r.Sources[len(r.Sources)-1]
		}
		s.Groups++
		s.Actions += g.Actions
		s.OpenActions += g.OpenActions
		for reason, n := range g.GapCounts {
			s.Gaps[reason] += n
		}
		if !g.Living || !g.Named {
			continue
		}
		s.Living++
		s.LagSeconds = max(s.LagSeconds, g.LagSeconds)
		if g.Watermark != nil && (s.Watermark == nil || g.Watermark.Before(*s.Watermark)) {
			s.Watermark = g.Watermark
		}
	}
	return nil
}
