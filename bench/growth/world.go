package main

import (
	"context"
	"fmt"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// A world is a database that grows, and the clouds that it was read from.
type world struct {
	ground  *ground.Ground
	place   *ground.Place
	sources []source
	actions int
	groups  int
	probed  int
}

type source struct {
	name  string
	cloud *ground.Cloud
}

func (w *world) close(ctx context.Context) {
	for _, s := range w.sources {
		s.cloud.Stop()
	}
	_ = w.place.Drop(ctx) // it goes with the services
}

// fill reads a new source, as large as it takes to have so many actions stored.
func (w *world) fill(ctx context.Context, actions int) error {
	groups := (actions - w.actions) / perGroup
	cloud, err := w.ground.Cloud(ctx, groups, perGroup, "--live", "0", "--seed", fmt.Sprint(1000+len(w.sources)))
	if err != nil {
		return err
	}
	w.sources = append(w.sources, source{fmt.Sprintf("fill%d", len(w.sources)), cloud})
	name := w.sources[len(w.sources)-1].name
	p, err := w.ground.Daemon(ctx, w.place, cloud, "/healthz", "ASLOGD_SOURCE_0_NAME="+name)
	if err != nil {
		return err
	}
	defer p.Stop()
	w.actions, w.groups = w.actions+cloud.All(), w.groups+groups
	if _, err = w.place.Await(ctx, time.Now(), w.actions); err != nil {
		return err
	}
	return w.place.Covered(ctx, name, groups)
}

// A cost is what a backfill took: seconds, CPU ms per 1,000 actions, MiB, bytes.
type cost struct{ wall, all, daemon, postgres, kafka, peak, disk float64 }

// probe measures backfills of the same kind, and gives the medians.
func (w *world) probe(ctx context.Context) (cost, error) {
	var list []cost
	for range probes {
		c, err := w.probeOnce(ctx)
		if err != nil {
			return cost{}, err
		}
		list = append(list, c)
	}
	median := func(of func(cost) float64) float64 {
		values := make([]float64, len(list))
		for i, c := range list {
			values[i] = of(c)
		}
		return report.Median(values)
	}
	c := cost{
		wall: median(func(c cost) float64 { return c.wall }), all: median(func(c cost) float64 { return c.all }),
		daemon: median(func(c cost) float64 { return c.daemon }), postgres: median(func(c cost) float64 { return c.postgres }),
		kafka: median(func(c cost) float64 { return c.kafka }), peak: median(func(c cost) float64 { return c.peak }),
	}
	var size int64
	if err := w.place.DB.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&size); err != nil {
		return c, fmt.Errorf("ask for the size of the database: %w", err)
	}
	c.disk = float64(size) / float64(w.actions)
	return c, nil
}

func (w *world) probeOnce(ctx context.Context) (c cost, err error) {
	w.probed++
	cloud, err := w.ground.Cloud(ctx, probeGroups, probeActions, "--live", "0", "--seed", fmt.Sprint(w.probed))
	if err != nil {
		return c, err
	}
	defer cloud.Stop()
	if _, err := w.place.DB.Exec(ctx, "CHECKPOINT"); err != nil {
		return c, fmt.Errorf("have Postgres write what is left: %w", err)
	}
	before, err := w.ground.Meter.Read()
	if err != nil {
		return c, err
	}
	began := time.Now()
	p, err := w.ground.Daemon(ctx, w.place, cloud, "/healthz", fmt.Sprintf("ASLOGD_SOURCE_0_NAME=probe%d", w.probed))
	if err != nil {
		return c, err
	}
	defer p.Stop()
	w.actions, w.groups = w.actions+cloud.All(), w.groups+probeGroups
	if _, err := w.place.Await(ctx, began, w.actions); err != nil {
		return c, err
	}
	c.wall = time.Since(began).Seconds()
	after, err := w.ground.Meter.Read()
	if err != nil {
		return c, err
	}
	p.Stop()
	spent := after.Sub(before)
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(cloud.All()) }
	c.daemon, c.postgres, c.kafka, c.peak = per(p.CPU()), per(spent.Postgres), per(spent.Kafka), float64(p.Peak()>>20)
	c.all = c.daemon + c.postgres + c.kafka
	return c, nil
}

// settings are those of a daemon that has all sources; the first one's place is
// given beside them.
func (w *world) settings() []string {
	var s []string
	for i, from := range w.sources {
		prefix := fmt.Sprintf("ASLOGD_SOURCE_%d_", i)
		s = append(s, prefix+"NAME="+from.name, prefix+"AS_URL="+from.cloud.URL, prefix+"PROJECT_ID="+from.cloud.Project,
			prefix+"AUTH=none", prefix+"REQUESTS_PER_MINUTE=1000000")
	}
	return s
}

// asked is how many requests for logs came to all sources.
func (w *world) asked(ctx context.Context) (n int, err error) {
	for _, s := range w.sources {
		c, err := s.cloud.Counts(ctx)
		if err != nil {
			return 0, err
		}
		n += c.Logs
	}
	return n, nil
}
