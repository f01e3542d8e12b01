package ingest_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

// A ledger is what stands for Postgres: what was committed, and the groups.
type ledger struct {
	t       *testing.T
	skew    time.Duration // of the server's clock
	mu      sync.Mutex
	groups  map[string]*checkpoint.Group
	lost    map[string]map[string]checkpoint.Coverage // group, reason
	rows    map[string]map[string]*kept               // group, id
	empty   map[string]checkpoint.Coverage            // covered by empty answers since the last list that had the group
	emptyBy map[string]time.Time
	missed  map[string]int
	news    map[string]time.Time
	counts  map[string]int // outcomes of scans
	warned  []error
}

// A kept row is an action as it is stored.
type kept struct {
	ingest.Seen
	since time.Time // first seen
}

func newLedger(t *testing.T, skew time.Duration) *ledger {
	return &ledger{
		t: t, skew: skew, groups: map[string]*checkpoint.Group{}, rows: map[string]map[string]*kept{},
		lost: map[string]map[string]checkpoint.Coverage{}, missed: map[string]int{}, empty: map[string]checkpoint.Coverage{}, emptyBy: map[string]time.Time{}, news: map[string]time.Time{}, counts: map[string]int{},
	}
}

func (l *ledger) get(id string) checkpoint.Group {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *l.groups[id]
}

func (l *ledger) gaps(id, reason string) checkpoint.Coverage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost[id][reason]
}

// unproven are the gaps that may still close: what is wanted, before the newest
// covered moment, and neither covered nor lost.
func (l *ledger) unproven(id string) checkpoint.Coverage {
	g := l.get(id)
	return g.Covered.Holes(ingest.Span{From: g.From, To: g.Covered.End()}).Sub(g.Lost...)
}

func (l *ledger) SaveList(_ context.Context, _ checkpoint.Lease, list checkpoint.List, _ int) (r checkpoint.SaveResult, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, there := time.Now(), map[string]bool{}
	for i, n := range list.Groups {
		if there[n.ID] = true; i < list.Told {
			continue // by its id alone
		}
		g := l.groups[n.ID]
		scaling := n.IsScaling != nil && *n.IsScaling
		if g == nil {
			g = &checkpoint.Group{ID: n.ID, Source: list.Source, Project: list.Project, Created: n.Created, Seen: now}
			l.groups[n.ID], l.rows[n.ID], l.lost[n.ID] = g, map[string]*kept{}, map[string]checkpoint.Coverage{}
			l.news[n.ID] = now
		}
		if scaling || scaling != g.Scaling || g.GoneAt != nil {
			g.HintedAt, l.news[n.ID] = &now, now
		}
		g.Scaling, g.GoneAt, l.missed[n.ID] = scaling, nil, 0
		if list.Asked.After(l.emptyBy[n.ID]) {
			delete(l.empty, n.ID)
		}
	}
	for id, g := range l.groups {
		if list.Complete && !there[id] && g.GoneAt == nil {
			if l.missed[id]++; l.missed[id] == 2 {
				g.GoneAt, l.news[id] = &now, now
			}
		}
	}
	return r, nil
}

func (l *ledger) NameGroups(context.Context, checkpoint.Lease, string, string, []string, int) error {
	return nil
}

func (l *ledger) Groups(context.Context, int) (all []checkpoint.Group, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(l.groups)) {
		g := *l.groups[id]
		for id, k := range l.rows[g.ID] {
			if k.Open() && time.Since(*k.StartTime) < 7*24*time.Hour {
				g.Open = append(g.Open, checkpoint.Open{ID: id, Start: k.StartTime, Seen: k.since})
			}
		}
		all = append(all, g)
	}
	return all, nil
}

func (l *ledger) News(_ context.Context, _ int, since time.Time) (news []checkpoint.Group, now time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, at := range l.news {
		if !at.Before(since) {
			news = append(news, *l.groups[id])
		}
	}
	return news, time.Now(), nil
}

func (l *ledger) Newest(_ context.Context, group string, before time.Time) (newest *time.Time, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.rows[group] {
		if k.StartTime.Before(before) && (newest == nil || k.StartTime.After(*newest)) {
			newest = k.StartTime
		}
	}
	return newest, nil
}

func (l *ledger) Count(_ context.Context, group string, span ingest.Span) (n checkpoint.Count, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	around := ingest.Span{From: span.From.Add(-time.Second), To: span.To.Add(2 * time.Second)}
	for _, k := range l.rows[group] {
		if !around.Has(*k.StartTime) {
			continue
		}
		n.Around++
		if n.Oldest == nil || k.StartTime.Before(*n.Oldest) {
			n.Oldest = k.StartTime
		}
		if span.Has(*k.StartTime) {
			n.Inside++
		}
	}
	return n, nil
}

// Commit does what the one transaction does, as far as reading can tell.
func (l *ledger) Commit(ctx context.Context, b *ingest.Batch) (out ingest.Outcome, err error) {
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
		return out, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	g, rows, lost := l.groups[b.Target.Group], l.rows[b.Target.Group], l.lost[b.Target.Group]
	for _, a := range b.Actions {
		switch k := rows[a.ID]; {
		case k == nil:
			rows[a.ID] = &kept{Seen: a, since: time.Now()}
			out.New++
			if out.Earliest.IsZero() || a.StartTime.Before(out.Earliest) {
				out.Earliest = *a.StartTime
			}
		case bytes.Equal(k.Hash, a.Hash):
		case a.Asked.Before(k.Asked) || a.Open() && !k.Open():
			out.Stale++
		default:
			k.Seen = a
			out.Changed++
		}
	}
	if b.Scan != nil {
		l.counts[b.Scan.Outcome]++
	}
	if b.Begin != nil && !g.Known {
		g.Known, g.From, g.TailFrom = true, b.Begin.From, b.Begin.Tail
	}
	if s := b.Settled; s != nil {
		settled := maps.Clone(g.Settled)
		if settled == nil {
			settled = map[time.Duration]time.Time{}
		}
		settled[s.Stage], g.Settled = s.To, settled
	}
	if b.Parked != nil {
		g.Parked = *b.Parked
	}
	if b.Oldest != nil && (g.Oldest == nil || b.Oldest.Before(*g.Oldest)) {
		g.Oldest = b.Oldest
	}
	g.Lateness, g.Age = max(g.Lateness, b.Late), max(g.Age, b.Age)
	for _, n := range b.Lost {
		lost[n.Reason] = lost[n.Reason].Add(n.Span)
	}
	if out.Stale == 0 {
		for _, span := range b.Covered {
			if now := time.Now(); span.To.After(now.Add(l.skew - time.Second)) {
				l.t.Errorf("covered up to %s, and by the server's clock it is %s", span.To, now.Add(l.skew))
			}
		}
		if b.EmptyBy.IsZero() {
			l.empty[g.ID] = l.empty[g.ID].Sub(b.Covered...)
		} else {
			l.emptyBy[g.ID] = checkpoint.Later(l.emptyBy[g.ID], b.EmptyBy)
			l.empty[g.ID] = l.empty[g.ID].Add(checkpoint.Coverage(nil).Add(b.Covered...).Sub(g.Covered...)...)
		}
		g.Covered = g.Covered.Add(b.Covered...)
	}
	if b.Parked != nil && *b.Parked {
		out.Doubted = l.empty[g.ID]
		g.Covered = g.Covered.Sub(out.Doubted...)
		lost[checkpoint.Gone] = lost[checkpoint.Gone].Add(out.Doubted...)
		delete(l.empty, g.ID)
	}
	g.LostGone = lost[checkpoint.Gone].Sub(g.Covered...)
	g.Lost = nil
	for reason := range lost {
		lost[reason] = lost[reason].Sub(g.Covered...)
		g.Lost = g.Lost.Add(lost[reason]...)
	}
	return out, nil
}
