// Command catchup measures how the topics catch up with the journal, and how far
// behind it they are when there is little to do:
//
//	go run ./internal/testenv/serve -- go run ./bench/catchup
//
// A journal is filled while no broker can be reached. Then a daemon starts that
// reads nothing and has a broker; measured is from its start until all is
// published. The same records are then produced once more in the plainest way, to
// fresh topics, a piece at a time: that is what the machine can do.
//
// At last an action a second starts in a new source, and a consumer at
// read_committed notes when it has each revision: the lag is from the row's
// recorded_at, which its commit follows by milliseconds.
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
	rows, groups int
	watched      time.Duration
	markdown     string
	plot         string
	limit        time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.rows, "rows", 1_000_000, "journal rows to catch up with")
	flag.IntVar(&o.groups, "groups", 100, "groups that they are of")
	flag.DurationVar(&o.watched, "for", time.Minute, "how long the lag is watched")
	flag.StringVar(&o.markdown, "markdown", "", "page that the tables are written into, between <!-- catchup --> and its end")
	flag.StringVar(&o.plot, "plot", "", "SVG file that is made of them")
	flag.DurationVar(&o.limit, "limit", 30*time.Minute, "give up after this")
	flag.Parse()
	ground.Main("catchup", o.limit, o.run)
}

func (o *options) run(ctx context.Context) error {
	g, err := ground.New(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	place, err := g.Place(ctx)
	if err != nil {
		return err
	}
	defer place.Drop(ctx) //nolint:errcheck // it goes with the services
	rows, err := o.fill(ctx, g, place)
	if err != nil {
		return fmt.Errorf("fill the journal: %w", err)
	}
	fmt.Println("publishing them …")
	all, err := publish(ctx, g, place, rows)
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	fmt.Println(all)
	fmt.Println("producing them once more …")
	plain, err := produce(ctx, g, place.Prefix, rows)
	if err != nil {
		return fmt.Errorf("produce the same records: %w", err)
	}
	fmt.Println(plain)
	t := &report.Table{Header: []string{"", "seconds", "rows/s", "÷ plain produce", "CPU ms per 1,000", "client", "Postgres", "Kafka", "rows a transaction", "peak MiB"}}
	all.add(t, plain)
	plain.add(t, plain)
	fmt.Printf("watching an action a second for %s …\n", o.watched)
	lag, err := o.idle(ctx, g, place)
	if err != nil {
		return fmt.Errorf("watch the lag: %w", err)
	}
	first := fmt.Sprintf("%d journal rows of %d groups, each in both topics", rows, o.groups)
	second := fmt.Sprintf("One action a second for %s, each row's lag from its `recorded_at` to a consumer at `read_committed`", o.watched)
	fmt.Printf("\n%s; %s\n\n%s\n%s\n\n%s", g.Machine(ctx), first, t.Text(), second, lag.Text())
	if o.markdown != "" {
		err = marked.Write(o.markdown, "catchup", fmt.Sprintf("`%s`, %s; %s.\n\n%s\n%s:\n\n%s",
			report.Command("catchup"), g.Machine(ctx), first, t.Markdown(), second, lag.Markdown()))
	}
	if o.plot != "" {
		err = errors.Join(err, plot(o.plot, t, lag))
	}
	return err
}
