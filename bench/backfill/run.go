package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"aslogd/bench/ground"
	"aslogd/bench/stages"
)

// A run is one thing measured once.
type run struct {
	name      string
	actions   int
	wall      time.Duration
	stored    time.Duration // the daemon alone: when all rows were there
	costs     ground.Costs  // Self is the client's, whoever that is
	peak      int64         // bytes, the daemon alone
	requests  int
	commits   int // transactions of Postgres that wrote rows, and of Kafka
	published int
}

func (r *run) String() string {
	text := fmt.Sprintf("%6.2f s  %7.0f actions/s  %6.1f CPU ms per 1,000", r.wall.Seconds(), float64(r.actions)/r.wall.Seconds(), r.perThousand(r.costs.All()))
	if r.commits > 0 {
		text += fmt.Sprintf("  %.0f rows a commit, %.0f a Kafka transaction", float64(r.actions)/float64(r.commits), float64(r.actions)/float64(r.published))
	}
	return text
}

func (r *run) perThousand(cpu time.Duration) float64 {
	return float64(cpu.Microseconds()) / float64(r.actions)
}

// A thing is something to measure, by this process.
type thing struct {
	name string
	do   func(ctx context.Context, place *ground.Place) error
}

const overlapped = "the three overlapped"

// ceilings are what aslogd does, without any guarantee.
func ceilings(g *ground.Ground, cloud *ground.Cloud, rows *stages.Rows, records *stages.Records) []thing {
	fetch := func(ctx context.Context, _ *ground.Place) error {
		n, err := stages.Fetch(ctx, cloud)
		if err == nil && n != cloud.All() {
			err = fmt.Errorf("%d actions came of %d", n, cloud.All())
		}
		return err
	}
	write := func(ctx context.Context, p *ground.Place) error { return rows.Copy(ctx, p.DatabaseURL) }
	produce := func(ctx context.Context, p *ground.Place) error { return records.Produce(ctx, g.Kafka, p.Prefix) }
	return []thing{
		{"fetch and decode alone", fetch},
		{"COPY alone", write},
		{"produce alone", produce},
		{overlapped, func(ctx context.Context, p *ground.Place) error {
			tasks, ctx := errgroup.WithContext(ctx)
			for _, do := range []func(context.Context, *ground.Place) error{fetch, write, produce} {
				tasks.Go(func() error { return do(ctx, p) })
			}
			return tasks.Wait()
		}},
	}
}

// alone measures a thing on a fresh place.
func alone(ctx context.Context, g *ground.Ground, t thing, actions int) (*run, error) {
	place, err := g.Place(ctx)
	if err != nil {
		return nil, err
	}
	before, err := g.Meter.Read()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := t.do(ctx, place); err != nil {
		return nil, err
	}
	r := &run{name: t.name, actions: actions, wall: time.Since(began)}
	after, err := g.Meter.Read()
	if err != nil {
		return nil, err
	}
	r.costs = after.Sub(before)
	return r, place.Drop(ctx)
}

// daemon measures aslogd from its start until all is stored and published.
func daemon(ctx context.Context, g *ground.Ground, cloud *ground.Cloud) (*ground.Place, *run, error) {
	place, err := g.Place(ctx)
	if err != nil {
		return nil, nil, err
	}
	asked, err := cloud.Counts(ctx)
	if err != nil {
		return nil, nil, err
	}
	before, err := g.Meter.Read()
	if err != nil {
		return nil, nil, err
	}
	r := &run{name: "aslogd", actions: cloud.All()}
	began := time.Now()
	p, err := g.Daemon(ctx, place, cloud, "/healthz")
	if err != nil {
		return nil, nil, err
	}
	defer p.Stop()
	if r.stored, err = place.Await(ctx, began, cloud.All()); err != nil {
		return nil, nil, err
	}
	r.wall = time.Since(began)
	counts, err := cloud.Counts(ctx)
	if err != nil {
		return nil, nil, err
	}
	r.requests = counts.Logs - asked.Logs
	after, err := g.Meter.Read()
	if err != nil {
		return nil, nil, err
	}
	if r.commits, r.published, err = place.Updates(ctx); err != nil {
		return nil, nil, err
	}
	p.Stop()
	r.costs = after.Sub(before)
	r.costs.Self, r.peak = p.CPU(), p.Peak()
	return place, r, nil
}
