package economy

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"aslogd/bench/report"
	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/asapi"
)

var (
	whole    = flag.Bool("whole", false, "days of fake time, and the backfill of a year, instead of an hour")
	markdown = flag.String("markdown", "", "page that the tables are written into, between <!-- economy --> and its end")
)

// A run is one fleet, read for so long.
type run struct {
	cloud  *cloud
	ledger *ledger
	from   time.Time
	to     time.Time
}

// read runs the daemon's reading over a cloud, until done says so or d is over.
func read(t *testing.T, c *cloud, l *ledger, perMinute int, d time.Duration, done func() bool) run {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	r := run{cloud: c, ledger: l, from: time.Now()}
	budget := asapi.NewBudget("s", perMinute, &grants{}, nil)
	c.wait = budget.Wait
	warn := func(_ ingest.Target, err error) {
		if ctx.Err() == nil {
			t.Errorf("a round failed: %v", err)
		}
	}
	lease := checkpoint.Lease{Epoch: 1, Owner: "me"}
	f := &ingest.Fleet{
		Sources: map[string]ingest.Source{"s": {API: c, Project: "p", Backfills: make(chan struct{}, 4)}}, Roster: l, Sink: l, Counter: l,
		Poll: poll, Settle: stages, Horizons: &ingest.Horizons{}, Warn: warn,
	}
	w := &ingest.Watcher{Source: "s", Project: "p", API: c, Lister: l, Shards: 1, Interval: watch, Warn: func(err error) { warn(ingest.Target{}, err) }}
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { _ = budget.Run(ctx); return nil })
	tasks.Go(func() error { return f.Run(ctx, lease) })
	tasks.Go(func() error { return w.Run(ctx, lease) })
	if done != nil {
		for !done() && ctx.Err() == nil {
			time.Sleep(10 * time.Second)
		}
		cancel()
	}
	if err := tasks.Wait(); err != nil {
		t.Fatal(err)
	}
	r.to = time.Now()
	return r
}

// live reads a fleet that acts.
func (f fleet) live(t *testing.T, d time.Duration) (r run) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		c := &cloud{asked: map[ingest.Class]int{}, log: map[string][]event{}, made: now.Add(-time.Hour)}
		l := newLedger(c)
		for i := range f.groups {
			id := fmt.Sprintf("g%03d", i)
			c.ids = append(c.ids, id)
			c.log[id] = ordered(id, f.lives(rand.New(rand.NewPCG(uint64(i), 1)), now, now.Add(d)))
			l.add(followed(id, now))
		}
		r = read(t, c, l, f.perMinute, d, nil)
		r.complete(t)
	})
	return r
}

// complete fails unless all that was shown ten minutes ago is stored as it ended.
func (r run) complete(t *testing.T) {
	t.Helper()
	for id, log := range r.cloud.log {
		missing := 0
		for _, e := range log {
			if e.ends.Before(r.to.Add(-15*time.Minute)) && string(r.ledger.rows[id][e.id]) != e.id+"SUCCESS" {
				missing++
			}
		}
		if missing > 0 {
			t.Errorf("%s: %d are not stored as they ended", id, missing)
		}
	}
}

func (r run) actions() (n int) {
	for _, log := range r.cloud.log {
		n += len(log)
	}
	return n
}

func (r run) requests() (n int) {
	for _, asked := range r.cloud.asked {
		n += asked
	}
	return n
}

var classes = []ingest.Class{ingest.Follow, ingest.Tail, ingest.Settle, ingest.Backfill, ingest.Watch}

func TestEconomy(t *testing.T) {
	d, budgets := time.Hour, []int{60}
	if *whole {
		d, budgets = 2*day, []int{60, 6000}
	}
	table := &report.Table{Header: []string{"fleet", "budget a minute", "actions", "requests", "per action", "per group-hour", "fewest", "÷ fewest", "follow", "tail", "settle", "backfill", "watch", "seen p50 s", "p99 s", "commits"}}
	for _, perMinute := range budgets {
		for _, f := range fleets {
			f.perMinute = perMinute
			began := time.Now()
			r := f.live(t, d)
			n, fewest := r.requests(), r.cloud.fewest(r.from, r.to)
			row := []any{f.name, perMinute, r.actions(), n, fmt.Sprintf("%.2f", float64(n)/float64(r.actions())), fmt.Sprintf("%.1f", float64(n)/float64(f.groups)/d.Hours()),
				fewest, fmt.Sprintf("%.2f", float64(n)/float64(fewest))}
			for _, class := range classes {
				row = append(row, fmt.Sprintf("%.0f %%", 100*float64(r.cloud.asked[class])/float64(n)))
			}
			row = append(row, fmt.Sprintf("%.1f", report.Median(r.ledger.delays)), fmt.Sprintf("%.1f", report.Quantile(r.ledger.delays, .99)), r.ledger.commits)
			table.Add(row...)
			t.Logf("%s: %s", f.name, time.Since(began))
		}
	}
	fmt.Fprintln(os.Stderr, table.Text())
}
