package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// A backfill is one read by several daemons.
type backfill struct {
	daemons, shards, actions int
	wall, stored             time.Duration // until all was published too, and until all was stored
	daemon, postgres         time.Duration // CPU
	commits                  int
	waits                    *waits
}

// backfill measures from when the source is open until all is stored and published.
func (o *options) backfill(ctx context.Context, g *ground.Ground, daemons, shards int) (b *backfill, err error) {
	fmt.Printf("%d daemons on %d shards read a past …\n", daemons, shards)
	settings := []string{fmt.Sprintf("ASLOGD_SHARDS=%d", shards), "ASLOGD_LEASE_TTL=" + o.ttl.String()}
	place, err := g.Place(ctx, settings...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Drop(ctx)) }()
	cloud, err := g.Cloud(ctx, o.groups, o.actions, "--live", "0")
	if err != nil {
		return nil, err
	}
	defer cloud.Stop()
	f := &fleet{ground: g, place: place, cloud: cloud, shards: shards, settings: settings}
	defer f.stop()
	if _, err := place.DB.Exec(ctx, pauseSQL); err != nil {
		return nil, fmt.Errorf("keep the source closed: %w", err)
	}
	if err := f.join(ctx, daemons); err != nil {
		return nil, err
	}
	began, err := f.spread(ctx, true)
	if err != nil {
		return nil, err
	}
	before, err := f.spent(ctx)
	if err != nil {
		return nil, err
	}
	looking, stop := context.WithCancel(ctx)
	defer stop()
	seen := make(chan error, 1)
	b = &backfill{daemons: daemons, shards: shards, actions: cloud.All()}
	go func() {
		var err error
		b.waits, err = watch(looking, place.DatabaseURL)
		seen <- err
	}()
	if b.stored, err = place.Await(ctx, began, cloud.All()); err != nil {
		return nil, err
	}
	b.wall = time.Since(began)
	stop()
	if err := <-seen; err != nil {
		return nil, err
	}
	after, err := f.spent(ctx)
	if err != nil {
		return nil, err
	}
	b.daemon, b.postgres = after.Daemon-before.Daemon, after.Postgres-before.Postgres
	b.commits, _, err = place.Updates(ctx)
	return b, err
}

// spent is what all daemons and Postgres took so far.
func (f *fleet) spent(ctx context.Context) (all ground.Spending, err error) {
	for _, m := range f.members {
		s, err := f.ground.Spent(ctx, m.Process, f.cloud)
		if err != nil {
			return all, err
		}
		all.Daemon, all.Postgres = all.Daemon+s.Daemon, s.Postgres
	}
	return all, nil
}

func (b *backfill) add(t *report.Table, alone float64) {
	per := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/float64(b.actions)) }
	seconds := b.wall.Seconds()
	t.Add(fmt.Sprintf("%d on %d", b.daemons, b.shards), fmt.Sprintf("%.1f", b.stored.Seconds()), fmt.Sprintf("%.1f", seconds), fmt.Sprintf("%.0f", float64(b.actions)/seconds),
		fmt.Sprintf("%.2f", alone/seconds), per(b.daemon+b.postgres), per(b.daemon), per(b.postgres),
		fmt.Sprintf("%.0f", float64(b.actions)/float64(max(1, b.commits))), fmt.Sprintf("%.1f", float64(b.waits.active)/float64(max(1, b.waits.looks))),
		b.waits.share(b.waits.events[""]), b.waits.most(b.waits.events), b.waits.most(b.waits.locks))
}
