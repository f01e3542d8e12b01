// Package economy measures what aslogd asks of the API, over days of fake time,
// against the least that it could ask:
//
//	go test -count=1 ./bench/economy -args -whole
//
// The reading is that of the daemon, with its budget and its classes; the cloud
// and what stands for Postgres are in memory, which makes a day pass in seconds.
package economy

import (
	"context"
	"sort"
	"sync"
	"time"

	"aslogd/ingest"
	"aslogd/ingest/action"
)

const (
	pageRows = 100
	latency  = 200 * time.Millisecond
	mostLate = 3 * time.Second // the API shows an action up to so long after it started
	longest  = 10 * time.Minute
)

// An event is an action as the cloud knows it.
type event struct {
	id                 string
	start, shown, ends time.Time
}

// A cloud answers as the API does: newest first, by row offset.
type cloud struct {
	wait func(context.Context, ingest.Class, time.Time) error // for the budget

	mu    sync.Mutex
	asked map[ingest.Class]int
	ids   []string
	log   map[string][]event // oldest first
	made  time.Time
}

func newCloud(made time.Time) *cloud {
	return &cloud{asked: map[ingest.Class]int{}, log: map[string][]event{}, made: made}
}

func (c *cloud) Actions(ctx context.Context, class ingest.Class, group string, q ingest.Query) (*ingest.Page, error) {
	asked, err := c.ask(ctx, class, q.Due)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	rows := c.shown(group, q, now)
	page := &ingest.Page{Asked: asked, Date: now.Truncate(time.Second), Total: rows.count(), Start: q.Start, Limit: q.Limit, Echoed: true}
	for i := q.Start; i < min(q.Start+q.Limit, page.Total); i++ {
		page.Actions = append(page.Actions, rows.at(i).seen(now))
	}
	return page, nil
}

func (c *cloud) ask(ctx context.Context, class ingest.Class, due time.Time) (time.Time, error) {
	if err := c.wait(ctx, class, due); err != nil {
		return time.Time{}, err
	}
	asked := time.Now()
	c.mu.Lock()
	c.asked[class]++
	c.mu.Unlock()
	select {
	case <-time.After(latency):
		return asked, nil
	case <-ctx.Done():
		return asked, ctx.Err()
	}
}

// rows are what a query matches, newest first: a few picked one by one, and
// behind them all of a stretch of the log.
type rows struct {
	newest []*event
	rest   []event // oldest first
}

func (r rows) count() int { return len(r.newest) + len(r.rest) }

func (r rows) at(i int) *event {
	if i < len(r.newest) {
		return r.newest[i]
	}
	return &r.rest[len(r.rest)-1-(i-len(r.newest))]
}

func (c *cloud) shown(group string, q ingest.Query, now time.Time) (r rows) {
	log := c.log[group]
	to := now
	if !q.To.IsZero() && q.To.Before(to) {
		to = q.To
	}
	end := sort.Search(len(log), func(i int) bool { return log[i].start.After(to) })
	begin := sort.Search(end, func(i int) bool { return !log[i].start.Before(q.From) })
	log = log[begin:end]
	pick := mostLate
	if q.Open {
		pick = longest
	} else if q.LogID != "" {
		pick = now.Sub(c.made) + 400*24*time.Hour
	}
	for len(log) > 0 && log[len(log)-1].start.After(now.Add(-pick)) {
		e := &log[len(log)-1]
		log = log[:len(log)-1]
		if !e.shown.After(now) && (!q.Open || e.ends.After(now)) && (q.LogID == "" || q.LogID == e.id) {
			r.newest = append(r.newest, e)
		}
	}
	if !q.Open && q.LogID == "" {
		r.rest = log
	}
	return r
}

func (e *event) seen(now time.Time) *action.Action {
	status := "SUCCESS"
	if e.ends.After(now) {
		status = "DOING"
	}
	return &action.Action{ID: e.id, Status: &status, StartTime: &e.start, Hash: []byte(e.id + status)}
}

func (c *cloud) Groups(ctx context.Context, class ingest.Class, start, limit int) (*ingest.GroupPage, error) {
	asked, err := c.ask(ctx, class, time.Time{})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	page := &ingest.GroupPage{Asked: asked, Date: time.Now().Truncate(time.Second), Total: len(c.ids)}
	for _, id := range c.ids[min(start, len(c.ids)):min(start+limit, len(c.ids))] {
		r := c.shown(id, ingest.Query{Open: true}, time.Now())
		scaling := r.count() > 0
		page.Groups = append(page.Groups, ingest.Group{ID: id, Created: &c.made, IsScaling: &scaling})
	}
	return page, nil
}
