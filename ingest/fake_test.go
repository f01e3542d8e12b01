package ingest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest/action"
)

// An event is one action as the cloud knows it: when it started, when the API
// begins to show it, when it ends, and when it is forgotten.
type event struct {
	id      string
	start   time.Time
	shown   time.Time
	ends    time.Time // zero: has ended from the start
	expires time.Time // zero: never
}

// A cloud is a log that moves while it is read: newest first, by row offset.
type cloud struct {
	mu        sync.Mutex
	log       map[string][]*event
	groups    []Group
	latency   time.Duration
	skew      time.Duration                            // of the server's clock
	clamp     int                                      // most rows a page; 0: 100
	shuffle   *rand.Rand                               // rows of one second come in any order
	exclusive bool                                     // edges of the filter are out
	weather   func(n int, group string, q Query) error // called before each answer, with n requests before it
	requests  map[Class]int
	asked     []Query
	sorted    map[string]int       // how much of each log is in order
	heads     map[string]time.Time // when a span's first page was last answered
}

func newCloud() *cloud {
	return &cloud{log: map[string][]*event{}, requests: map[Class]int{}, sorted: map[string]int{}, heads: map[string]time.Time{}, latency: 50 * time.Millisecond}
}

func (c *cloud) add(group string, events ...*event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		if e.shown.IsZero() {
			e.shown = e.start
		}
	}
	c.log[group] = append(c.log[group], events...)
}

// every makes n events, each so much after the one before.
func every(prefix string, from time.Time, n int, step time.Duration) (events []*event) {
	for i := range n {
		events = append(events, &event{id: fmt.Sprintf("%s%05d", prefix, i), start: from.Add(time.Duration(i) * step).Truncate(time.Second)})
	}
	return events
}

func (c *cloud) Actions(ctx context.Context, class Class, group string, q Query) (*Page, error) {
	c.mu.Lock()
	n := len(c.asked)
	c.asked = append(c.asked, q)
	c.requests[class]++
	weather := c.weather
	c.mu.Unlock()
	page := &Page{Asked: time.Now()}
	if !pause(ctx, c.latency/2) {
		return nil, ctx.Err()
	}
	if weather != nil {
		if err := weather(n, group, q); err != nil {
			return nil, err
		}
	}
	answer, err := c.quiet(group, q)
	if err == nil {
		answer.Asked = page.Asked
	}
	return answer, err
}

// sent is how many requests there were.
func (c *cloud) sent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// quiet answers at once, whatever the weather.
func (c *cloud) quiet(group string, q Query) (*Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, page := time.Now(), &Page{}
	log := c.log[group]
	if len(log) != c.sorted[group] {
		sort.SliceStable(log, func(i, j int) bool {
			a, b := log[i], log[j]
			return a.start.After(b.start) || a.start.Equal(b.start) && a.id < b.id
		})
		c.sorted[group] = len(log)
	}
	var rows []*event
	first := 0
	if !q.To.IsZero() {
		first = sort.Search(len(log), func(i int) bool { return !log[i].start.After(q.To) })
	}
	for _, e := range log[first:] {
		if e.start.Before(q.From) {
			break
		}
		edge := c.exclusive && (e.start.Equal(q.From) || e.start.Equal(q.To))
		if edge || e.shown.After(now) || !e.expires.IsZero() && !e.expires.After(now) || q.LogID != "" && e.id != q.LogID {
			continue
		}
		rows = append(rows, e)
	}
	if c.shuffle != nil { // within each second
		for i, j := 0, 0; i < len(rows); i = j {
			for j = i; j < len(rows) && rows[j].start.Equal(rows[i].start); j++ {
			}
			c.shuffle.Shuffle(j-i, func(a, b int) { rows[i+a], rows[i+b] = rows[i+b], rows[i+a] })
		}
	}
	if q.Start == 0 {
		c.heads[group+q.From.String()] = now
	}
	page.Date = now.Add(c.skew).Truncate(time.Second)
	page.Start, page.Limit, page.Total = q.Start, min(q.Limit, 100), len(rows)
	if c.clamp > 0 {
		page.Limit = min(page.Limit, c.clamp)
	}
	for _, e := range rows[min(q.Start, len(rows)):min(q.Start+page.Limit, len(rows))] {
		page.Actions = append(page.Actions, e.at(now))
	}
	return page, nil
}

func (e *event) at(now time.Time) *action.Action {
	status := "SUCCESS"
	if e.ends.After(now) {
		status = "DOING"
	}
	start := e.start
	return &action.Action{ID: e.id, Status: &status, StartTime: &start, Hash: []byte(e.id + status)}
}

func (c *cloud) Groups(_ context.Context, class Class, start, limit int) (*GroupPage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[class]++
	end := min(start+limit, len(c.groups))
	return &GroupPage{Asked: time.Now(), Date: time.Now(), Total: len(c.groups), Groups: c.groups[min(start, end):end]}, nil
}

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
}

func newMemory(t *testing.T, c *cloud, groups ...checkpoint.Group) *memory {
	m := &memory{t: t, cloud: c, groups: map[string]*checkpoint.Group{}, stored: map[string]map[string]string{}, changed: map[string]time.Time{}}
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
	for _, l := range b.Lost {
		g.Lost = g.Lost.Add(l.Span)
	}
	if b.Parked != nil {
		g.Parked = *b.Parked
	}
	g.Oldest, g.Lateness = older(g.Oldest, b.Oldest), max(g.Lateness, b.Late)
	if out.Stale == 0 {
		m.judge(b)
		g.Covered = g.Covered.Add(b.Covered...)
	}
	return out, nil
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
		began := m.cloud.heads[b.Target.Group+b.Scan.Span.From.Add(-time.Second).String()]
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
		Sources: map[string]Source{"s": {API: m.cloud, Project: "p"}}, Roster: m, Sink: m,
		Poll: time.Minute, Backfills: make(chan struct{}, 4), Horizons: &Horizons{},
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
	return f.worker(f.Sources["s"], checkpoint.Lease{Epoch: 1}, m.get(id))
}
