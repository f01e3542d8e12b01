// Command groups measures what quiet groups cost, polled once a minute with as
// many requests as that takes:
//
//	go run ./internal/testenv/serve -- go run ./bench/groups
//
// A fleet is read to its end first; then everything is counted for some minutes.
// With -neighbours it measures instead what one group that answers slowly, and one
// that fails, do to the others of the largest fleet.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
)

type options struct {
	first, most    int
	watched        time.Duration
	neighbours     bool
	slowFor        time.Duration
	markdown, plot string
}

func main() {
	var o options
	flag.StringVar(&o.markdown, "markdown", "", "page that the table is written into, between <!-- groups --> (or neighbours) and its end")
	flag.StringVar(&o.plot, "plot", "", "SVG file that is made of it")
	flag.IntVar(&o.most, "most", 10_000, "groups of the largest fleet")
	flag.IntVar(&o.first, "first", 10, "groups of the smallest fleet; each next one has ten times as many")
	flag.DurationVar(&o.watched, "for", 3*time.Minute, "how long a fleet is watched")
	flag.BoolVar(&o.neighbours, "neighbours", false, "measure what a slow group and a failing one do to the others")
	flag.DurationVar(&o.slowFor, "slow-for", 20*time.Second, "after how long the slow one answers")
	flag.Parse()
	ground.Main("groups", 0, o.run)
}

func (o *options) run(ctx context.Context) error {
	g, err := ground.New(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	if o.neighbours {
		return o.beside(ctx, g)
	}
	return o.alone(ctx, g)
}

// alone measures fleets of all sizes.
func (o *options) alone(ctx context.Context, g *ground.Ground) (err error) {
	t := &report.Table{Header: []string{"groups", "daemon CPU, cores", "daemon CPU ms per group and minute", "resident MiB", "peak MiB",
		"Postgres CPU, cores", "Postgres commits/s", "requests per group and minute"}}
	for groups := o.first; groups <= o.most; groups *= 10 {
		f, err := fleet(ctx, g, groups, o.watched)
		if err != nil {
			return fmt.Errorf("%d groups: %w", groups, err)
		}
		minutes := o.watched.Minutes()
		each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(groups) / minutes }
		t.Add(groups, fmt.Sprintf("%.3f", f.daemon.Seconds()/o.watched.Seconds()), fmt.Sprintf("%.2f", each(f.daemon)), f.resident>>20, f.peak>>20,
			fmt.Sprintf("%.3f", f.postgres.Seconds()/o.watched.Seconds()), fmt.Sprintf("%.1f", float64(f.commits)/o.watched.Seconds()),
			fmt.Sprintf("%.2f", float64(f.requests)/float64(groups)/minutes))
		fmt.Println(t.Rows[len(t.Rows)-1])
	}
	fmt.Printf("\n%s, each watched for %s\n\n%s", g.Machine(ctx), o.watched, t.Text())
	if o.markdown != "" {
		err = marked.Write(o.markdown, "groups", fmt.Sprintf("`%s`, %s, each fleet watched for %s.\n\n%s",
			report.Command("groups"), g.Machine(ctx), o.watched, t.Markdown()))
	}
	if o.plot != "" {
		err = errors.Join(err, plot(o.plot, t))
	}
	return err
}

// figures are what a fleet cost while it was watched.
type figures struct {
	daemon, postgres  time.Duration
	resident, peak    int64
	commits, requests int
}

func fleet(ctx context.Context, g *ground.Ground, groups int, watched time.Duration) (f figures, err error) {
	place, err := g.Place(ctx)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, place.Drop(ctx)) }()
	cloud, err := g.Cloud(ctx, groups, 2, "--live", "0")
	if err != nil {
		return f, err
	}
	defer cloud.Stop()
	p, err := g.Daemon(ctx, place, cloud, "/healthz", "ASLOGD_POLL_INTERVAL=1m")
	if err != nil {
		return f, err
	}
	defer p.Stop()
	if _, err := place.Await(ctx, time.Now(), cloud.All()); err != nil {
		return f, err
	}
	if err := place.Covered(ctx, "source0", groups); err != nil {
		return f, err
	}
	before, err := look(ctx, g, place, p, cloud)
	if err != nil {
		return f, err
	}
	if err := ground.Pause(ctx, watched); err != nil {
		return f, err
	}
	after, err := look(ctx, g, place, p, cloud)
	if err != nil {
		return f, err
	}
	f = after
	f.daemon, f.postgres = after.daemon-before.daemon, after.postgres-before.postgres
	f.commits, f.requests = after.commits-before.commits, after.requests-before.requests
	return f, nil
}

func look(ctx context.Context, g *ground.Ground, place *ground.Place, p *ground.Process, cloud *ground.Cloud) (f figures, err error) {
	spent, err := g.Spent(ctx, p, cloud)
	if err != nil {
		return f, err
	}
	f.daemon, f.postgres, f.requests = spent.Daemon, spent.Postgres, spent.Requests
	if f.resident, f.peak, err = p.Memory(); err != nil {
		return f, err
	}
	f.commits, err = place.Commits(ctx)
	return f, err
}
