package ingest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aslogd/checkpoint"
)

// A memory is a sink and a roster: it keeps what is committed, and holds each
// proof against the cloud at the moment when it comes in.
type memory struct {
	t       *testing.T
	cloud   *cloud
	mu      sync.Mutex
	latency time.Duration
	groups  map[string]*checkpoint.Group
	stored  map[string]map[string]string // group, id → status
	rejects []Reject
	scans   []Scan
	changed map[string]time.Time
	fail    func(b *Batch) error
	stale   func(b *Batch) int
	batches int
	warned  atomic.Int64
	settled map[string]checkpoint.Coverage
	listed  time.Time                      // when a list that has the groups was last asked for
	empty   map[string]checkpoint.Coverage // covered by empty answers since
	emptyBy map[string]time.Time
}

func newMemory(t *testing.T, c *cloud, groups ...checkpoint.Group) *memory {
	m := &memory{t: t, cloud: c, groups: map[string]*checkpoint.Group{}, stored: map[string]map[string]string{}, changed: map[string]time.Time{}, settled: map[string]checkpoint.Coverage{},
		empty: map[string]checkpoint.Coverage{}, emptyBy: map[string]time.Time{}}
	for _, g := range groups {
		m.set(g)
	}
	return m
}

// set makes a group known, or tells news of it.
func (m *memory) set(g checkpoint.Group) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.groups[g.ID] = &g
	m.changed[g.ID] = time.Now()
	if m.stored[g.ID] == nil {
		m.stored[g.ID] = map[string]string{}
	}
}

// status is how an action is stored; empty where it is not.
func (m *memory) status(group, id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stored[group][id]
}

func (m *memory) get(id string) checkpoint.Group {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.groups[id]
}

func (m *memory) Groups(context.Context, int) (all []checkpoint.Group, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(m.groups)) {
		g := *m.groups[id]
		for _, e := range m.cloud.log[id] {
			if m.stored[id][e.id] == "DOING" {
				g.Open = append(g.Open, checkpoint.Open{ID: e.id, Start: &e.start, Seen: e.shown})
			}
		}
		all = append(all, g)
	}
	return all, nil
}

func (m *memory) News(_ context.Context, _ int, since time.Time) (news []checkpoint.Group, now time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, at := range m.changed {
		if !at.Before(since) {
			news = append(news, *m.groups[id])
		}
	}
	return news, time.Now(), nil
}

func (m *memory) Commit(ctx context.Context, b *Batch) (out Outcome, err error) {
	if !pause(ctx, m.latency) {
		return out, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches++
	if m.fail != nil {
		if err := m.fail(b); err != nil {
			return out, err
		}
	}
	g, stored := m.groups[b.Target.Group], m.stored[b.Target.Group]
	if m.stale != nil {
		out.Stale = m.stale(b)
	}
	for i, a := range b.Actions {
		if i < out.Stale {
			continue
		}
		switch was, ok := stored[a.ID]; {
		case !ok:
			out.New++
			if out.Earliest.IsZero() || a.StartTime.Before(out.Earliest) {
				out.Earliest = *a.StartTime
			}
		case was != *a.Status:
			out.Changed++
			if was == "SUCCESS" {
				continue // a late answer never undoes a later one
			}
		}
		stored[a.ID] = *a.Status
		if i > 0 && a.StartTime.Before(*b.Actions[i-1].StartTime) {
			m.t.Errorf("a batch tells %s before what started earlier", a.ID)
		}
	}
	m.rejects = append(m.rejects, b.Rejects...)
	if b.Scan != nil {
		m.scans = append(m.scans, *b.Scan)
	}
	if b.Begin != nil && !g.Known {
		g.Known, g.From, g.TailFrom = true, b.Begin.From, b.Begin.Tail
	}
	if b.From != nil {
		g.From = checkpoint.Earlier(g.From, *b.From)
	}
	for _, l := range b.Lost {
		g.Lost = g.Lost.Add(l.Span)
		if l.Reason == checkpoint.Gone {
			g.LostGone = g.LostGone.Add(l.Span)
		}
	}
	if s := b.Settled; s != nil {
		settled := maps.Clone(g.Settled)
		if settled == nil {
			settled = map[time.Duration]time.Time{}
		}
		settled[s.Stage] = checkpoint.Later(settled[s.Stage], s.To)
		g.Settled = settled
		m.settled[b.Target.Group] = m.settled[b.Target.Group].Add(s.Spans...)
	}
	if b.Parked != nil {
		g.Parked = *b.Parked
	}
	g.Oldest, g.Lateness = older(g.Oldest, b.Oldest), max(g.Lateness, b.Late)
	if out.Stale == 0 {
		m.judge(b)
		m.unconfirmed(g, b)
		g.Covered = g.Covered.Add(b.Covered...)
		g.Lost, g.LostGone = g.Lost.Sub(b.Covered...), g.LostGone.Sub(b.Covered...)
	}
	if b.Parked != nil && *b.Parked {
		out.Doubted = m.empty[g.ID]
		g.Covered, g.Lost, g.LostGone = g.Covered.Sub(out.Doubted...), g.Lost.Add(out.Doubted...), g.LostGone.Add(out.Doubted...)
		delete(m.empty, g.ID)
	}
	return out, nil
}

// unconfirmed keeps what is covered by empty answers until a later list.
func (m *memory) unconfirmed(g *checkpoint.Group, b *Batch) {
	if m.listed.After(m.emptyBy[g.ID]) {
		delete(m.empty, g.ID)
	}
	if b.EmptyBy.IsZero() {
		m.empty[g.ID] = m.empty[g.ID].Sub(b.Covered...)
		return
	}
	m.emptyBy[g.ID] = checkpoint.Later(m.emptyBy[g.ID], b.EmptyBy)
	m.empty[g.ID] = m.empty[g.ID].Add(checkpoint.Coverage(nil).Add(b.Covered...).Sub(g.Covered...)...)
}

// judge holds a proof against the truth: what the API showed when the span's
// reading began is stored, whatever the weather.
func (m *memory) judge(b *Batch) {
	for _, span := range b.Covered {
		if span.To.After(time.Now().Add(m.cloud.skew - time.Second)) {
			m.t.Errorf("covered up to %s at %s: past what was asked", span.To, time.Now())
		}
		if b.Scan == nil {
			continue
		}
		m.cloud.mu.Lock()
		began := m.cloud.headOf(b.Target.Group, b.Scan)
		for _, e := range m.cloud.log[b.Target.Group] {
			shown := !e.shown.After(began) && (e.expires.IsZero() || e.expires.After(time.Now()))
			if _, ok := m.stored[b.Target.Group][e.id]; shown && span.Has(e.start) && !ok && !m.rejected(e.id) {
				m.t.Errorf("%s is covered without %s, which started at %s", span, e.id, e.start)
			}
		}
		m.cloud.mu.Unlock()
	}
}

func (m *memory) rejected(id string) bool {
	return slices.ContainsFunc(m.rejects, func(r Reject) bool { return string(r.Raw) == id })
}

// requireAll fails unless all that the cloud ever showed is stored as it ended.
func (m *memory) requireAll(group string) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	missing := 0
	for _, e := range m.cloud.log[group] {
		if e.shown.After(time.Now()) {
			continue
		}
		if got := m.stored[group][e.id]; got != *e.at(time.Now()).Status {
			if missing++; missing < 5 {
				m.t.Errorf("%s: %s, started %s, is stored as %q", group, e.id, e.start, got)
			}
		}
	}
	if missing > 4 {
		m.t.Errorf("%s: %d in all are not stored as they are", group, missing)
	}
}

func (m *memory) requireLag(group string, most time.Duration) {
	m.t.Helper()
	g := m.get(group)
	if lag := time.Since(g.Covered.Watermark(g.From, g.Lost)); lag > most {
		m.t.Errorf("%s: watermark is %s behind; covered %v, lost %v, wanted from %s", group, lag, g.Covered, g.Lost, g.From)
	}
}

func (m *memory) fleet() *Fleet {
	return &Fleet{
		Sources: map[string]Source{"s": {API: m.cloud, Project: "p", Backfills: make(chan struct{}, 4)}}, Roster: m, Sink: m,
		Poll: time.Minute, Horizons: &Horizons{},
		Warn: func(Target, error) { m.warned.Add(1) },
	}
}

// run runs the fleet for so much of the bubble's time.
func (m *memory) run(f *Fleet, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return f.Run(ctx, checkpoint.Lease{Shard: 0, Epoch: 1, Owner: "me"})
}

// reader is a worker of a group that is known since an hour, without its loops.
func (m *memory) reader(id string) *worker {
	f := m.fleet()
	return f.worker(f.Sources["s"], checkpoint.Lease{Epoch: 1}, time.Now(), m.get(id))
}
