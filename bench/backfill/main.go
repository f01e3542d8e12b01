// Command backfill measures how aslogd reads a past, against what this machine
// can do at all:
//
//	go run ./internal/testenv/serve -- go run ./bench/backfill
//
// The simulated cloud, Postgres, Kafka and the daemon are processes of their own.
// A first backfill makes the rows and records that the ceilings write; then come
// rounds, in each of which everything is measured once: fetch and decode alone,
// COPY of the very same rows into the same tables alone, produce of the same
// records alone, the three at once without any guarantee, and aslogd, which reads,
// proves, stores and publishes. Printed are the medians; CPU is that of the client
// (which is the daemon, or this command), Postgres and Kafka, without the cloud.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/bench/stages"
	"aslogd/internal/marked"
)

type options struct {
	groups, actions, rounds int
	ceilings                bool
	profile                 bool
	pprof                   string
	markdown, plot          string
	limit                   time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.groups, "groups", 40, "groups")
	flag.IntVar(&o.actions, "actions", 5000, "actions of each group")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each thing is measured")
	flag.BoolVar(&o.ceilings, "ceilings", false, "measure the ceilings alone")
	flag.BoolVar(&o.profile, "profile", false, "measure nothing; say where the daemon's CPU time goes, by stage")
	flag.StringVar(&o.pprof, "pprof", "", "file that the profile is kept in, for go tool pprof")
	flag.StringVar(&o.markdown, "markdown", "", "page that the table is written into, between <!-- backfill --> and its end")
	flag.StringVar(&o.plot, "plot", "", "SVG file that is made of it")
	flag.DurationVar(&o.limit, "limit", 30*time.Minute, "give up after this")
	flag.Parse()
	ground.Main("backfill", o.limit, o.run)
}

func (o *options) run(ctx context.Context) error {
	var tags []string
	if o.profile {
		tags = []string{"profile"}
	}
	g, err := ground.New(ctx, tags...)
	if err != nil {
		return err
	}
	defer g.Close()
	cloud, err := g.Cloud(ctx, o.groups, o.actions, "--live", "0")
	if err != nil {
		return err
	}
	defer cloud.Stop()
	if o.profile {
		return o.showProfile(ctx, g, cloud)
	}
	results, err := o.measure(ctx, g, cloud)
	if err != nil {
		return err
	}
	table := summary(results, cloud)
	fmt.Printf("\n%d actions in %d groups, %s, %d rounds\n\n%s", cloud.All(), o.groups, g.Machine(ctx), o.rounds, table.Text())
	if o.markdown != "" {
		text := fmt.Sprintf("`%s`, %s, %d rounds, medians; %d actions in %d groups.\n\n%s",
			report.Command("backfill"), g.Machine(ctx), o.rounds, cloud.All(), o.groups, table.Markdown())
		err = marked.Write(o.markdown, "backfill", text)
	}
	if o.plot != "" {
		err = errors.Join(err, plot(o.plot, table))
	}
	return err
}

// measure runs the rounds.
func (o *options) measure(ctx context.Context, g *ground.Ground, cloud *ground.Cloud) (*results, error) {
	say := func(r *run) { fmt.Printf("%-28s %s\n", r.name, r) }
	fmt.Println("warming up, and making what the ceilings write …")
	place, first, err := daemon(ctx, g, cloud)
	if err != nil {
		return nil, err
	}
	say(first)
	rows, err := stages.Take(ctx, place.DB)
	if err != nil {
		return nil, err
	}
	records, err := stages.Consume(ctx, g.Kafka, place.Prefix, cloud.All())
	if err != nil {
		return nil, err
	}
	if err := place.Drop(ctx); err != nil {
		return nil, err
	}
	all := &results{actions: cloud.All()}
	for range o.rounds {
		things := ceilings(g, cloud, rows, records)
		if !o.ceilings {
			things = append(things, thing{"aslogd", nil})
		}
		for _, t := range things {
			var r *run
			if t.do == nil {
				if place, r, err = daemon(ctx, g, cloud); err == nil {
					err = place.Drop(ctx)
				}
			} else {
				r, err = alone(ctx, g, t, cloud.All())
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			r.name = t.name
			say(r)
			all.add(r)
		}
	}
	return all, nil
}
