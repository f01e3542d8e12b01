package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/bench/arrivals"
	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/sink/broker"
)

const nothing = "–"

// readPast has it read the history of a cloud, and adds its row.
func (r *reader) readPast(ctx context.Context, g *ground.Ground, o *options, t *report.Table) (err error) {
	cloud, err := g.Cloud(ctx, o.groups, o.actions, "--live", "0")
	if err != nil {
		return err
	}
	defer cloud.Stop()
	place, err := g.Place(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Drop(ctx)) }()
	before, err := g.Meter.Read()
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := r.backfill(ctx, place, cloud)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := r.finish(ctx, place, p, cloud); err != nil {
		return err
	}
	wall := time.Since(began)
	after, err := g.Meter.Read()
	if err != nil {
		return err
	}
	counts, err := cloud.Counts(ctx)
	if err != nil {
		return err
	}
	p.Stop()
	costs := after.Sub(before)
	costs.Self = p.CPU()
	rows, records, err := r.holds(ctx, g, place)
	if err != nil {
		return err
	}
	recordsLost, recordsTwice := nothing, nothing
	if !r.tables {
		recordsLost, recordsTwice = fmt.Sprint(cloud.All()-records.Actions()), fmt.Sprint(records.Again())
	}
	per := func(cpu time.Duration) string {
		return fmt.Sprintf("%.1f", float64(cpu.Microseconds())/float64(cloud.All()))
	}
	t.Add(r.name, cloud.All()-rows.Actions(), rows.Again(), recordsLost, recordsTwice,
		fmt.Sprintf("%.1f", wall.Seconds()), per(costs.All()), per(costs.Self), per(costs.Postgres), per(costs.Kafka),
		p.Peak()>>20, fmt.Sprintf("%.3f", float64(counts.Logs)/float64(cloud.Fewest())))
	return nil
}

// holds are the rows and the records that there are.
func (r *reader) holds(ctx context.Context, g *ground.Ground, place *ground.Place) (rows, records *arrivals.Arrivals, err error) {
	now := time.Now()
	states, err := arrivals.Rows(ctx, place.DB, r.rows)
	if err != nil {
		return nil, nil, err
	}
	rows, records = &arrivals.Arrivals{}, &arrivals.Arrivals{}
	for _, s := range states {
		rows.Note(s, now)
	}
	if r.tables {
		return rows, records, nil
	}
	c, err := arrivals.Consume(ctx, g.Kafka, broker.ActionsTopic(place.Prefix))
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	return rows, &c.Arrivals, c.CatchUp(ctx)
}
