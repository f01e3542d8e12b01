package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/bench/arrivals"
	"aslogd/bench/ground"
	"aslogd/internal/simulator"
	"aslogd/sink/broker"
)

const (
	history = 20               // actions of each group that there are before
	warm    = 5 * time.Second  // until it has read them
	after   = 15 * time.Second // until what was shown last has to have arrived
)

// A world is a living cloud, and a place that is watched.
type world struct {
	cloud    *ground.Cloud
	place    *ground.Place
	table    *arrivals.Table
	consumer *arrivals.Consumer
	query    string
}

func (r *reader) world(ctx context.Context, g *ground.Ground, o *options) (w *world, err error) {
	w = &world{query: r.rows}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(ctx))
		}
	}()
	if w.place, err = g.Place(ctx); err != nil {
		return w, err
	}
	if w.cloud, err = g.Cloud(ctx, o.groups, history, "--live", fmt.Sprint(o.rate), "--lasting", "8s"); err != nil {
		return w, err
	}
	if w.consumer, err = arrivals.Consume(ctx, g.Kafka, broker.ActionsTopic(w.place.Prefix)); err != nil {
		return w, err
	}
	w.table, err = arrivals.Watch(ctx, w.place.DatabaseURL, r.rows)
	return w, err
}

// judge waits until what was shown last has to have arrived, and compares.
func (w *world) judge(ctx context.Context, p *ground.Process, from, to time.Time) (*findings, error) {
	if err := lives(ctx, p, after); err != nil {
		return nil, err
	}
	if err := w.consumer.CatchUp(ctx); err != nil {
		return nil, err
	}
	truth, err := simulator.FetchTruth(ctx, w.cloud.URL)
	if err != nil {
		return nil, err
	}
	rows, err := arrivals.Rows(ctx, w.place.DB, w.query)
	if err != nil {
		return nil, err
	}
	return judge(truth, from, to, rows, w.table.First(), w.consumer.First()), nil
}

// close ends what was opened of it.
func (w *world) close(ctx context.Context) (err error) {
	if w.table != nil {
		err = w.table.Close(ctx)
	}
	if w.consumer != nil {
		w.consumer.Close()
	}
	if w.cloud != nil {
		w.cloud.Stop()
	}
	if w.place != nil {
		err = errors.Join(err, w.place.Drop(ctx))
	}
	return err
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
