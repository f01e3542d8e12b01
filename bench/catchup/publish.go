package main

import (
	"context"
	"fmt"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/bench/stages"
)

// fill reads a past while nobody listens where the brokers should be.
func (o *options) fill(ctx context.Context, g *ground.Ground, place *ground.Place) (rows int, err error) {
	cloud, err := g.Cloud(ctx, o.groups, o.rows/o.groups, "--live", "0")
	if err != nil {
		return 0, err
	}
	defer cloud.Stop()
	nowhere, err := ground.FreeAddress()
	if err != nil {
		return 0, err
	}
	fmt.Printf("filling the journal with %d rows, without a broker …\n", cloud.All())
	p, err := g.Daemon(ctx, place, cloud, "/healthz", "ASLOGD_KAFKA_BROKERS="+nowhere, "ASLOGD_LOG_LEVEL=error")
	if err != nil {
		return 0, err
	}
	defer p.Stop()
	for told := time.Now(); ; {
		var head int
		if err := place.DB.QueryRow(ctx, "SELECT sum(head_seq)::bigint FROM aslog.shard_head").Scan(&head); err != nil {
			return 0, fmt.Errorf("ask how far it is: %w", err)
		}
		if head >= cloud.All() {
			return head, place.Covered(ctx, "source0", o.groups)
		}
		if time.Since(told) > 15*time.Second {
			told = time.Now()
			fmt.Printf("  %d\n", head)
		}
		if err := ground.Pause(ctx, 200*time.Millisecond); err != nil {
			return 0, fmt.Errorf("%d of %d rows are there: %w", head, cloud.All(), err)
		}
	}
}

// A run is all rows brought into both topics.
type run struct {
	name         string
	rows         int
	wall         time.Duration
	costs        ground.Costs // Self is the client's, whoever that is
	peak         int64        // bytes; the daemon alone, as is the next
	transactions int
}

// publish measures a daemon that does nothing else.
func publish(ctx context.Context, g *ground.Ground, place *ground.Place, rows int) (*run, error) {
	if _, err := place.DB.Exec(ctx, "CHECKPOINT"); err != nil {
		return nil, fmt.Errorf("have Postgres write what is left: %w", err)
	}
	_, former, err := place.Updates(ctx)
	if err != nil {
		return nil, err
	}
	before, err := g.Meter.Read()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	// A budget of nothing: the source is paused, and need not be there.
	p, err := g.Daemon(ctx, place, &ground.Cloud{Process: &ground.Process{URL: "http://127.0.0.1:9"}, Project: "bench"}, "/healthz", "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=0")
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	if _, err := place.Await(ctx, began, rows); err != nil {
		return nil, err
	}
	r := &run{name: "aslogd catches up", rows: rows, wall: time.Since(began)}
	after, err := g.Meter.Read()
	if err != nil {
		return nil, err
	}
	p.Stop()
	r.costs = after.Sub(before)
	r.costs.Self, r.peak = p.CPU(), p.Peak()
	_, r.transactions, err = place.Updates(ctx)
	r.transactions -= former
	return r, err
}

// piece is how many records are produced at once.
const piece = 100_000

// produce measures the same records again, in topics of their own. What is
// counted is the producing alone, not the reading of what to produce.
func produce(ctx context.Context, g *ground.Ground, prefix string, rows int) (*run, error) {
	place, err := g.Place(ctx)
	if err != nil {
		return nil, err
	}
	defer place.Drop(ctx) //nolint:errcheck // it goes with the services
	from, err := stages.Read(g.Kafka, prefix)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	r := &run{name: "plain produce", rows: rows}
	for done := 0; done < 2*rows; {
		records, err := from.Next(ctx, min(piece, 2*rows-done))
		if err != nil {
			return nil, err
		}
		before, err := g.Meter.Read()
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if err := records.Produce(ctx, g.Kafka, place.Prefix); err != nil {
			return nil, err
		}
		r.wall += time.Since(began)
		after, err := g.Meter.Read()
		if err != nil {
			return nil, err
		}
		spent := after.Sub(before)
		r.costs.Self, r.costs.Postgres, r.costs.Kafka = r.costs.Self+spent.Self, r.costs.Postgres+spent.Postgres, r.costs.Kafka+spent.Kafka
		done += records.Len()
	}
	return r, nil
}

func (r *run) String() string {
	return fmt.Sprintf("%-18s %6.1f s  %7.0f rows/s", r.name, r.wall.Seconds(), float64(r.rows)/r.wall.Seconds())
}

func (r *run) add(t *report.Table, plain *run) {
	per := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/float64(r.rows)) }
	lot, peak := "–", "–"
	if r.transactions > 0 {
		lot, peak = fmt.Sprintf("%.0f", float64(r.rows)/float64(r.transactions)), fmt.Sprint(r.peak>>20)
	}
	t.Add(r.name, fmt.Sprintf("%.1f", r.wall.Seconds()), fmt.Sprintf("%.0f", float64(r.rows)/r.wall.Seconds()),
		fmt.Sprintf("%.2f", plain.wall.Seconds()/r.wall.Seconds()), per(r.costs.All()), per(r.costs.Self), per(r.costs.Postgres), per(r.costs.Kafka), lot, peak)
}
