package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/bench/arrivals"
	"aslogd/bench/ground"
	"aslogd/internal/simulator"
)

// findings are seconds from when a state was shown until it was there.
type findings struct {
	rows, records []float64
	twice         int
	missing       int // states that last and were never published
}

// compare holds what arrived against what the cloud showed between two moments.
// A state that ended before anybody looked is nobody's fault; the last one of an
// action has to arrive.
func compare(ctx context.Context, place *ground.Place, cloud *ground.Cloud, c *arrivals.Consumer, from, to time.Time) (*findings, error) {
	truth, err := simulator.FetchTruth(ctx, cloud.URL)
	if err != nil {
		return nil, err
	}
	recorded, err := rows(ctx, place.DB)
	if err != nil {
		return nil, err
	}
	published := c.First()
	f := &findings{twice: c.Again()}
	for s := range arrivals.ShownIn(truth, from, to) {
		if at, ok := published[s.State]; ok {
			f.records = append(f.records, s.After(at))
		} else if s.Last {
			f.missing++
		}
		if at, ok := recorded[s.State]; ok {
			f.rows = append(f.rows, s.After(at))
		}
	}
	return f, nil
}

// rows are the recorded_at of all revisions.
func rows(ctx context.Context, db *pgx.Conn) (map[arrivals.State]time.Time, error) {
	all, err := db.Query(ctx, "SELECT action_id, coalesce(status, ''), recorded_at FROM aslog.journal")
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	recorded := map[arrivals.State]time.Time{}
	var s arrivals.State
	var at time.Time
	_, err = pgx.ForEachRow(all, []any{&s.Action, &s.Status, &at}, func() error {
		recorded[s] = at
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return recorded, nil
}
