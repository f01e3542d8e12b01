package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"time"

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
	ascending bool                                     // oldest first
	lag       time.Duration                            // the total is that of so long ago
	clamp     int                                      // most rows a page; 0: 100
	mute      bool                                     // it echoes no limit
	shuffle   *rand.Rand                               // rows of one second come in any order
	hides     bool                                     // an end_time hides what is open
	exclusive bool                                     // edges of the filter are out
	refuses   int                                      // the least start_number that is refused; 0: none
	weather   func(n int, group string, q Query) error // called before each answer, with n requests before it
	requests  map[Class]int
	past      map[string]int // requests of backfills, by group
	asked     []Query
	sorted    map[string]int     // how much of each log is in order
	heads     map[head]time.Time // when a span's first page was last answered so
}

// A head is a span's first page: its group, where it begins, and its total; -1: any.
type head struct {
	group string
	from  int64 // in seconds
	total int
}

// headOf is when the first page of a scan was answered, or of a later one that
// told the same: while a proof is saved the next polls ask for the same span.
func (c *cloud) headOf(group string, s *Scan) time.Time {
	from := s.Span.From.Add(-time.Second).Unix()
	if at, ok := c.heads[head{group, from, s.Total}]; ok {
		return at
	}
	return c.heads[head{group, from, -1}]
}

func newCloud() *cloud {
	return &cloud{log: map[string][]*event{}, requests: map[Class]int{}, past: map[string]int{}, sorted: map[string]int{}, heads: map[head]time.Time{}, latency: 50 * time.Millisecond}
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
	if class == Backfill {
		c.past[group]++
	}
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
	if c.refuses > 0 && q.Start >= c.refuses {
		return nil, fmt.Errorf("AS.9003: %w: %w", ErrOffset, ErrRefused)
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
		if edge || e.shown.After(now) || !e.expires.IsZero() && !e.expires.After(now) || q.LogID != "" && e.id != q.LogID || q.Open && !e.ends.After(now) || c.hides && !q.To.IsZero() && e.ends.After(now) {
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
	told := len(rows)
	if c.lag > 0 {
		told = 0
		for _, e := range rows {
			if !e.shown.After(now.Add(-c.lag)) {
				told++
			}
		}
	}
	if c.ascending {
		slices.Reverse(rows)
	}
	if q.Start == 0 {
		from := q.From.Unix()
		c.heads[head{group, from, told}], c.heads[head{group, from, -1}] = now, now
	}
	page.Date = now.Add(c.skew).Truncate(time.Second)
	page.Start, page.Limit, page.Total = q.Start, min(q.Limit, 100), told
	if c.clamp > 0 {
		page.Limit = min(page.Limit, c.clamp)
	}
	for _, e := range rows[min(q.Start, len(rows)):min(q.Start+page.Limit, len(rows))] {
		page.Actions = append(page.Actions, e.at(now))
	}
	if page.Echoed = !c.mute; c.mute {
		page.Limit = q.Limit
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
