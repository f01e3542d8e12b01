// Command groups measures what quiet groups cost, polled once a minute with as
// many requests as that takes:
//
//	go run ./internal/testenv/serve -- go run ./bench/groups
//
// A fleet is read to its end first; then everything is counted for some minutes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
)

func main() {
	log.SetFlags(0)
	markdown := flag.String("markdown", "", "page that the table is written into, between <!-- groups --> and its end")
	plots := flag.String("plots", "", "directory of the SVG file that is made of it")
	most := flag.Int("most", 10_000, "groups of the largest fleet")
	first := flag.Int("first", 10, "groups of the smallest fleet; each next one has ten times as many")
	minutes := flag.Duration("for", 3*time.Minute, "how long a fleet is watched")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, *first, *most, *minutes, *markdown, *plots); err != nil {
		log.Fatal("groups: ", err)
	}
}

func run(ctx context.Context, first, most int, watched time.Duration, markdown, plots string) error {
	g, err := ground.New(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	t := &report.Table{Header: []string{"groups", "daemon CPU, cores", "daemon CPU ms per group and minute", "resident MiB", "peak MiB",
		"Postgres CPU, cores", "Postgres commits/s", "requests per group and minute"}}
	chart := report.Chart{Title: "Quiet groups, polled once a minute", X: "groups", Y: "CPU ms per group and minute", LogX: true,
		Lines: []report.Line{{Name: "daemon"}, {Name: "Postgres"}}}
	for groups := first; groups <= most; groups *= 10 {
		f, err := fleet(ctx, g, groups, watched)
		if err != nil {
			return fmt.Errorf("%d groups: %w", groups, err)
		}
		minutes := watched.Minutes()
		each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(groups) / minutes }
		t.Add(groups, fmt.Sprintf("%.3f", f.daemon.Seconds()/watched.Seconds()), fmt.Sprintf("%.2f", each(f.daemon)), f.resident>>20, f.peak>>20,
			fmt.Sprintf("%.3f", f.postgres.Seconds()/watched.Seconds()), fmt.Sprintf("%.1f", float64(f.commits)/watched.Seconds()),
			fmt.Sprintf("%.2f", float64(f.requests)/float64(groups)/minutes))
		fmt.Println(t.Rows[len(t.Rows)-1])
		for i, v := range []float64{each(f.daemon), each(f.postgres)} {
			chart.Lines[i].X, chart.Lines[i].Y = append(chart.Lines[i].X, float64(groups)), append(chart.Lines[i].Y, v)
		}
	}
	fmt.Printf("\n%s, each watched for %s\n\n%s", g.Machine(ctx), watched, t.Text())
	if markdown != "" {
		err = marked.Write(markdown, "groups", fmt.Sprintf("`go run ./internal/testenv/serve -- go run ./bench/groups`, %s, each fleet watched for %s.\n\n%s",
			g.Machine(ctx), watched, t.Markdown()))
	}
	if plots != "" {
		err = errors.Join(err, chart.Draw(filepath.Join(plots, "groups.svg")))
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
