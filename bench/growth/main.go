// Command growth measures whether an action costs more the more are stored, and
// how soon a daemon is ready with all of them:
//
//	go run ./internal/testenv/serve -- go run ./bench/growth
//
// One database grows, source by source. At each size a backfill of the same kind
// is measured: 20 groups of 500 actions, from the daemon's start until all is
// stored and published. At the end a daemon starts that has all sources.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
)

const (
	perGroup     = 290 // actions of a group that only fills: three million make 10,000 groups
	probeGroups  = 20
	probeActions = 500
	probes       = 3 // at each size; the median counts
)

func main() {
	markdown := flag.String("markdown", "", "page that the tables are written into, between <!-- growth --> and its end")
	picture := flag.String("plot", "", "SVG file that is made of it")
	most := flag.Int("most", 3_000_000, "actions of the largest size")
	flag.Parse()
	ground.Main("growth", 0, func(ctx context.Context) error { return run(ctx, *most, *markdown, *picture) })
}

func run(ctx context.Context, most int, markdown, picture string) error {
	g, err := ground.New(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	place, err := g.Place(ctx)
	if err != nil {
		return err
	}
	w := &world{ground: g, place: place}
	defer w.close(ctx)
	t := &report.Table{Header: []string{"stored actions", "groups", "seconds", "CPU ms per 1,000", "daemon", "Postgres", "Kafka", "÷ at the smallest", "peak MiB", "bytes per action on disk"}}
	var smallest float64
	for _, size := range []int{10_000, 100_000, 1_000_000, 3_000_000} {
		if size > most {
			break
		}
		fmt.Printf("filling up to %d actions …\n", size)
		if err := w.fill(ctx, size); err != nil {
			return fmt.Errorf("fill up to %d actions: %w", size, err)
		}
		stored := w.actions
		p, err := w.probe(ctx)
		if err != nil {
			return fmt.Errorf("measure at %d actions: %w", size, err)
		}
		if smallest == 0 {
			smallest = p.all
		}
		t.Add(stored, w.groups, fmt.Sprintf("%.2f", p.wall), fmt.Sprintf("%.1f", p.all), fmt.Sprintf("%.1f", p.daemon), fmt.Sprintf("%.1f", p.postgres),
			fmt.Sprintf("%.1f", p.kafka), fmt.Sprintf("%.2f", p.all/smallest), fmt.Sprintf("%.0f", p.peak), fmt.Sprintf("%.0f", p.disk))
		fmt.Println(t.Rows[len(t.Rows)-1])
	}
	fmt.Println("starting with everything …")
	again, err := w.restart(ctx)
	if err != nil {
		return fmt.Errorf("start with everything: %w", err)
	}
	fmt.Printf("\n%s\n\n%s\n%s\n", g.Machine(ctx), t.Text(), again)
	if markdown != "" {
		err = marked.Write(markdown, "growth", fmt.Sprintf("`%s`, %s.\n\n%s\n%s\n",
			report.Command("growth"), g.Machine(ctx), t.Markdown(), again))
	}
	if picture != "" {
		err = errors.Join(err, plot(picture, t))
	}
	return err
}
