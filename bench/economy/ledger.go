package economy

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

// A ledger stands for Postgres: what is committed, and what is known of the groups.
type ledger struct {
	cloud *cloud

	mu      sync.Mutex
	groups  map[string]*checkpoint.Group
	rows    map[string]map[string][]byte // group, id: hash
	starts  map[string][]time.Time       // of what is stored, in order
	news    map[string]time.Time
	delays  []float64 // seconds from when a state could be seen until it was committed
	commits int
}

func newLedger(c *cloud) *ledger {
	return &ledger{cloud: c, groups: map[string]*checkpoint.Group{}, rows: map[string]map[string][]byte{}, starts: map[string][]time.Time{}, news: map[string]time.Time{}}
}

func (l *ledger) add(g checkpoint.Group) {
	l.groups[g.ID], l.rows[g.ID] = &g, map[string][]byte{}
}

// Commit does what the transaction does, as far as reading can tell.
func (l *ledger) Commit(ctx context.Context, b *ingest.Batch) (out ingest.Outcome, err error) {
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
		return out, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits++
	g, rows := l.groups[b.Target.Group], l.rows[b.Target.Group]
	for _, a := range b.Actions {
		was := rows[a.ID]
		if bytes.Equal(was, a.Hash) {
			continue
		}
		rows[a.ID] = a.Hash
		l.delays = append(l.delays, l.delay(g.ID, a, was == nil).Seconds())
		if was != nil {
			out.Changed++
			continue
		}
		out.New++
		out.Earliest = earlier(out.Earliest, *a.StartTime)
		l.insert(g.ID, *a.StartTime)
	}
	if b.Begin != nil && !g.Known {
		g.Known, g.From, g.TailFrom = true, b.Begin.From, b.Begin.Tail
	}
	if s := b.Settled; s != nil {
		settled := maps.Clone(g.Settled)
		if settled == nil {
			settled = map[time.Duration]time.Time{}
		}
		settled[s.Stage], g.Settled = checkpoint.Later(settled[s.Stage], s.To), settled
	}
	if b.Oldest != nil && (g.Oldest == nil || b.Oldest.Before(*g.Oldest)) {
		g.Oldest = b.Oldest
	}
	g.Lateness, g.Age = max(g.Lateness, b.Late), max(g.Age, b.Age)
	for _, n := range b.Lost {
		g.Lost = g.Lost.Add(n.Span)
	}
	g.Covered = g.Covered.Add(b.Covered...)
	g.Lost = g.Lost.Sub(b.Covered...)
	return out, nil
}

// read says that the past of each group was read.
func (l *ledger) read() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.groups {
		if !g.Known || len(g.Covered.Add(g.Lost...).Holes(ingest.Span{From: g.From, To: g.TailFrom})) > 0 {
			return false
		}
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return checkpoint.Earlier(a, b)
}

// delay is since when the state could have been seen.
func (l *ledger) delay(group string, a ingest.Seen, first bool) time.Duration {
	l.cloud.mu.Lock()
	defer l.cloud.mu.Unlock()
	log := l.cloud.log[group]
	for i := sort.Search(len(log), func(i int) bool { return !log[i].start.Before(*a.StartTime) }); i < len(log); i++ {
		if e := &log[i]; e.id == a.ID {
			if since := checkpoint.Later(e.shown, e.ends); !a.Open() && !first {
				return time.Since(since)
			}
			return time.Since(e.shown)
		}
	}
	return 0
}

func (l *ledger) insert(group string, start time.Time) {
	starts := l.starts[group]
	i := sort.Search(len(starts), func(i int) bool { return starts[i].After(start) })
	l.starts[group] = slices.Insert(starts, i, start)
}

// between is which of the stored starts lie in [from, to).
func (l *ledger) between(group string, from, to time.Time) []time.Time {
	starts := l.starts[group]
	i := sort.Search(len(starts), func(i int) bool { return !starts[i].Before(from) })
	j := sort.Search(len(starts), func(i int) bool { return !starts[i].Before(to) })
	return starts[i:max(i, j)]
}

func (l *ledger) Newest(_ context.Context, group string, before time.Time) (*time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if all := l.between(group, time.Time{}, before); len(all) > 0 {
		return &all[len(all)-1], nil
	}
	return nil, nil
}

func (l *ledger) Count(_ context.Context, group string, span ingest.Span) (n checkpoint.Count, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	around := l.between(group, span.From.Add(-time.Second), span.To.Add(2*time.Second))
	n.Inside, n.Around = len(l.between(group, span.From, span.To)), len(around)
	if len(around) > 0 {
		n.Oldest = &around[0]
	}
	return n, nil
}
