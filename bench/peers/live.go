package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/bench/arrivals"
	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/simulator"
	"aslogd/sink/broker"
)

const (
	history = 20               // actions of each group that there are before
	warm    = 10 * time.Second // until it has read them
	after   = 20 * time.Second // until what was shown last has to have arrived
)

// follow has it read a living cloud, and adds its row.
func (r *reader) follow(ctx context.Context, g *ground.Ground, o *options, t *report.Table) (err error) {
	place, err := g.Place(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Drop(ctx)) }()
	cloud, err := g.Cloud(ctx, o.groups, history, "--live", fmt.Sprint(o.rate), "--lasting", "8s")
	if err != nil {
		return err
	}
	defer cloud.Stop()
	consumer, err := arrivals.Consume(ctx, g.Kafka, broker.ActionsTopic(place.Prefix))
	if err != nil {
		return err
	}
	defer consumer.Close()
	table, err := arrivals.Watch(ctx, place.DatabaseURL, r.rows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, table.Close(ctx)) }()
	p, err := r.live(ctx, place, cloud)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := lives(ctx, p, warm); err != nil {
		return err
	}
	began, twice := time.Now(), consumer.Again()
	before, err := spent(ctx, g, p, cloud)
	if err != nil {
		return err
	}
	if err := lives(ctx, p, o.runs); err != nil {
		return err
	}
	ended := time.Now()
	costs, err := spent(ctx, g, p, cloud)
	if err != nil {
		return err
	}
	twice = consumer.Again() - twice
	if err := lives(ctx, p, after); err != nil {
		return err
	}
	truth, err := simulator.FetchTruth(ctx, cloud.URL)
	if err != nil {
		return err
	}
	rows, err := arrivals.Rows(ctx, place.DB, r.rows)
	if err != nil {
		return err
	}
	f := judge(truth, began, ended, rows, table.First(), consumer.First())
	perMinute := func(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()/o.runs.Minutes()) }
	second := func(values []float64, q float64) string { return fmt.Sprintf("%.2f", report.Quantile(values, q)) }
	records := []any{f.recordsLost, twice, second(f.rows, 0.5), second(f.rows, 0.99), second(f.records, 0.5), second(f.records, 0.99)}
	if r.tables {
		records[0], records[1], records[4], records[5] = nothing, nothing, nothing, nothing
	}
	cells := append([]any{r.name, f.states, f.rowsLost, f.rowsWrong}, records...)
	t.Add(append(cells, perMinute(costs.self-before.self), perMinute(costs.Postgres-before.Postgres), perMinute(costs.Kafka-before.Kafka),
		p.Peak()>>20, fmt.Sprintf("%.0f", float64(costs.requests-before.requests)/o.runs.Minutes()))...)
	return nil
}

// lives lets it read for a while; that it ends is an error.
func lives(ctx context.Context, p *ground.Process, d time.Duration) error {
	select {
	case <-p.Ended():
		return errors.New("it ended by itself")
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type spending struct {
	ground.Costs
	self     time.Duration
	requests int
}

func spent(ctx context.Context, g *ground.Ground, p *ground.Process, cloud *ground.Cloud) (s spending, err error) {
	counts, err := cloud.Counts(ctx)
	if err != nil {
		return s, err
	}
	s.requests = counts.Logs + counts.Groups
	if s.Costs, err = g.Meter.Read(); err != nil {
		return s, err
	}
	s.self, err = g.Meter.Process(p.PID())
	return s, err
}
