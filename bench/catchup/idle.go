package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"aslogd/bench/arrivals"
	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/sink/broker"
)

// A seat is a row's in the journal, and in the topic.
type seat struct{ shard, seq int64 }

// A consumer notes when it had each row, from the topic's present end on.
type consumer struct {
	mu   sync.Mutex
	seen map[seat]time.Time
}

func (c *consumer) take(r *kgo.Record, now time.Time) {
	i := slices.IndexFunc(r.Headers, func(h kgo.RecordHeader) bool { return h.Key == "aslogd-seq" })
	if i < 0 {
		return // none of aslogd's, or a transaction's marker
	}
	seq, err := strconv.ParseInt(string(r.Headers[i].Value), 10, 64)
	if err != nil {
		return // it is then missing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := (seat{int64(r.Partition), seq}); c.seen[s].IsZero() {
		c.seen[s] = now
	}
}

// idle measures the lag behind commits that come one at a time.
func (o *options) idle(ctx context.Context, g *ground.Ground, place *ground.Place) (*report.Table, error) {
	cloud, err := g.Cloud(ctx, 10, 1, "--live", "1", "--lasting", "8s", "--seed", "2")
	if err != nil {
		return nil, err
	}
	defer cloud.Stop()
	c := &consumer{seen: map[seat]time.Time{}}
	stop, err := arrivals.Poll(ctx, g.Kafka, broker.ActionsTopic(place.Prefix), kgo.NewOffset().AtEnd(), c.take)
	if err != nil {
		return nil, err
	}
	defer stop()
	p, err := g.Daemon(ctx, place, cloud, "/healthz", "ASLOGD_SOURCE_0_NAME=live", "ASLOGD_POLL_INTERVAL=1s", "ASLOGD_WATCH_INTERVAL=1s")
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	if err := place.Covered(ctx, "live", cloud.Groups); err != nil {
		return nil, err
	}
	if err := ground.Pause(ctx, 5*time.Second); err != nil { // until everyone has connected
		return nil, err
	}
	from := time.Now()
	if err := ground.Pause(ctx, o.watched); err != nil {
		return nil, err
	}
	to := time.Now()
	if err := ground.Pause(ctx, 5*time.Second); err != nil { // what came last has to arrive too
		return nil, err
	}
	return c.lag(ctx, place.DB, from, to)
}

// lag holds what arrived against the journal between two moments.
func (c *consumer) lag(ctx context.Context, db *pgx.Conn, from, to time.Time) (*report.Table, error) {
	rows, err := db.Query(ctx, "SELECT shard, seq, recorded_at FROM aslog.journal WHERE recorded_at >= $1 AND recorded_at < $2", from, to)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	var s seat
	var at time.Time
	var behind []float64
	all := 0
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = pgx.ForEachRow(rows, []any{&s.shard, &s.seq, &at}, func() error {
		all++
		if seen, ok := c.seen[s]; ok {
			behind = append(behind, seen.Sub(at).Seconds())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	second := func(q float64) string { return fmt.Sprintf("%.3f", report.Quantile(behind, q)) }
	t := &report.Table{Header: []string{"", "rows", "p50 s", "p90 s", "p99 s", "longest s", "never seen"}}
	t.Add("idle", all, second(0.5), second(0.9), second(0.99), second(1), all-len(behind))
	return t, nil
}
