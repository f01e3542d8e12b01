package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// follow has it read a living cloud, and adds its row.
func (r *reader) follow(ctx context.Context, g *ground.Ground, o *options, t *report.Table) (err error) {
	w, err := r.world(ctx, g, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	p, err := r.live(ctx, w.place, w.cloud)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := lives(ctx, p, warm); err != nil {
		return err
	}
	from, twice := time.Now(), w.consumer.Again()
	before, err := spent(ctx, g, p, w.cloud)
	if err != nil {
		return err
	}
	if err := lives(ctx, p, o.runs); err != nil {
		return err
	}
	to := time.Now()
	costs, err := spent(ctx, g, p, w.cloud)
	if err != nil {
		return err
	}
	twice = w.consumer.Again() - twice
	f, err := w.judge(ctx, p, from, to)
	if err != nil {
		return err
	}
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
