package economy

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"aslogd/bench/report"
	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/asapi"
	"aslogd/internal/marked"
)

var (
	whole    = flag.Bool("whole", false, "days of fake time, instead of hours")
	markdown = flag.String("markdown", "", "page that the tables are written into, between <!-- economy --> and its end")
	plot     = flag.String("plot", "", "SVG file that is made of them")
)

// scarce is a budget that is hardly enough, and ample one that is never short.
const (
	scarce = 60
	ample  = 6000
)

// A run is one cloud that was read for so long.
type run struct {
	cloud    *cloud
	ledger   *ledger
	from, to time.Time
}

// read runs the daemon's reading over a cloud, until done says so or d is over.
func read(t *testing.T, c *cloud, l *ledger, perMinute int, d time.Duration, done func() bool) run {
	t.Helper()
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
	tasks.Go(func() error {
		_ = budget.Run(ctx) // ctx's end
		return nil
	})
	tasks.Go(func() error { return f.Run(ctx, lease) })
	tasks.Go(func() error { return w.Run(ctx, lease) })
	for done != nil && ctx.Err() == nil {
		if time.Sleep(10 * time.Second); done() {
			break
		}
	}
	if done != nil {
		r.to = time.Now()
		cancel()
	}
	if err := tasks.Wait(); err != nil {
		t.Fatal(err)
	}
	if done == nil {
		r.to = time.Now()
	}
	return r
}

// complete fails unless all that ended a while ago is stored as it ended.
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

// shares is each class's part of what was asked, in hundredths.
func (r run) shares() (parts []float64) {
	for _, class := range classes {
		parts = append(parts, 100*float64(r.cloud.asked[class])/float64(r.requests()))
	}
	return parts
}

// What live reading asks for stays below bounds that leave a little room over what
// was measured; and nothing is missing.
func TestEconomy(t *testing.T) {
	t.Parallel()
	live := &report.Table{Header: []string{"fleet", "requests a minute", "actions", "requests", "per action", "per group-hour", "÷ fewest", "follow %", "tail %", "settle %", "backfill %", "watch %", "seen p50 s", "p99 s"}}
	// Follow asks for as much as an ample budget gives, so that what is under way is seen at once.
	for _, b := range []struct {
		perMinute int
		most      float64 // times the fewest
	}{{scarce, 4.2}, {ample, 11}} {
		perMinute, most := b.perMinute, b.most
		for _, f := range fleets {
			d := 30 * time.Minute
			if *whole && perMinute == scarce {
				d = 2 * day
			} else if *whole {
				d = 6 * time.Hour
			}
			r := f.live(t, perMinute, d)
			n, fewest := float64(r.requests()), float64(r.cloud.fewest(r.from, r.to))
			if n > most*fewest {
				t.Errorf("%s: %.0f requests; at the least %.0f", f.name, n, fewest)
			}
			row := []any{f.name, perMinute, r.actions(), n, fmt.Sprintf("%.2f", n/float64(r.actions())), fmt.Sprintf("%.1f", n/float64(f.groups)/d.Hours()), fmt.Sprintf("%.2f", n/fewest)}
			for _, part := range r.shares() {
				row = append(row, fmt.Sprintf("%.0f", part))
			}
			last := report.Quantile(r.ledger.delays, .99)
			if f.within > 0 && last > f.within.Seconds() {
				t.Errorf("%s: seen after %.1f s at p99; at most %s", f.name, last, f.within)
			}
			live.Add(append(row, fmt.Sprintf("%.1f", report.Median(r.ledger.delays)), fmt.Sprintf("%.1f", last))...)
		}
	}
	past := report.Table{Header: []string{"a year of", "actions", "pages", "hours", "÷ all of the budget", "÷ what live reading leaves", "backfill's requests ÷ pages", "follow %", "tail %", "settle %", "backfill %", "watch %"}}
	groups, perDay := 3, 30
	if *whole {
		groups, perDay = 25, 50
	}
	year(t, groups, perDay, &past)
	text := fmt.Sprintf("%s\n%s", live.Text(), past.Text())
	fmt.Println(text)
	if *markdown != "" {
		text := fmt.Sprintf("`go test -count=1 ./bench/economy -args -whole`; no clock but a fake one has a part in it, so it comes out nearly the same on any machine. Two days of each fleet at %d requests a minute, six hours at %d.\n\n%s\n%s", scarce, ample, live.Markdown(), past.Markdown())
		if err := marked.Write(*markdown, "economy", text); err != nil {
			t.Fatal(err)
		}
	}
	if *plot != "" {
		if err := draw(*plot, live); err != nil {
			t.Fatal(err)
		}
	}
}

// live reads a fleet that acts.
func (f fleet) live(t *testing.T, perMinute int, d time.Duration) (r run) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		c := newCloud(now.Add(-time.Hour))
		l := newLedger(c)
		for i := range f.groups {
			lives := f.lives
			if f.active > 0 && i >= f.active {
				lives = never
			}
			g := followed(c.add(i, lives, now, now.Add(d)), now)
			if i < f.active {
				g.Newest = now.Add(-time.Minute)
			}
			l.add(g)
		}
		r = read(t, c, l, perMinute, d, nil)
		r.complete(t)
	})
	return r
}

// year reads the past year of groups that nobody has read, while they go on acting.
func year(t *testing.T, groups, perDay int, table *report.Table) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		c := newCloud(now.Add(-365 * day))
		l := newLedger(c)
		for i := range groups {
			id := c.add(i, evenly(day/time.Duration(perDay)), c.made, now)
			c.log[id][0].start, c.log[id][0].shown = c.made, c.made
			l.add(checkpoint.Group{ID: id, Source: "s", Project: "p", Created: &c.made, Seen: now})
		}
		n, actions := c.pastPages(), 0
		for i := range groups {
			actions += len(c.log[c.ids[i]])
			c.goOn(i, evenly(day/time.Duration(perDay)), now, now.Add(3*day))
		}
		r := read(t, c, l, scarce, 3*day, l.read)
		if r.to.Sub(r.from) >= 3*day {
			t.Error("the year is not read after three days")
		}
		r.complete(t)
		length := r.to.Sub(r.from).Minutes()
		// What live reading takes: a poll a group and minute, and the watch.
		left := scarce - float64(groups) - 6
		row := []any{fmt.Sprintf("%d groups, %d actions a day each", groups, perDay), actions, n, fmt.Sprintf("%.1f", length/60), fmt.Sprintf("%.2f", length*scarce/float64(n)),
			fmt.Sprintf("%.2f", length*left/float64(n)), fmt.Sprintf("%.3f", float64(c.asked[ingest.Backfill])/float64(n))}
		for _, part := range r.shares() {
			row = append(row, fmt.Sprintf("%.0f", part))
		}
		table.Add(row...)
		if most := 1.05 * float64(n); float64(c.asked[ingest.Backfill]) > most {
			t.Errorf("the backfill took %d requests for %d pages", c.asked[ingest.Backfill], n)
		}
	})
}
