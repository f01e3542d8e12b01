package history

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

//go:embed sql/metrics.sql
var metricsSQL string

// A Collector reads the metrics that only Postgres knows, at each scrape, for
// the shards that one replica holds. With Postgres away they are absent, which
// says more than an old value would.
type Collector struct {
	pool      *pgxpool.Pool
	owner     string
	watermark *prometheus.Desc
	lateness  *prometheus.Desc
	open      *prometheus.Desc
	gaps      *prometheus.Desc
	head      *prometheus.Desc
}

// NewCollector makes the collector of the replica with this incarnation.
func NewCollector(pool *pgxpool.Pool, incarnation string) *Collector {
	return &Collector{pool: pool, owner: incarnation,
		watermark: prometheus.NewDesc("aslogd_watermark_timestamp_seconds",
			"The oldest watermark of the living groups of a source that this replica reads, in seconds since 1970.", []string{"source"}, nil),
		lateness: prometheus.NewDesc("aslogd_lateness_seconds",
			"The longest measured time from an action's start to its first sight, where that place had been covered before, of the living groups of a source that this replica reads.", []string{"source"}, nil),
		open: prometheus.NewDesc("aslogd_open_actions",
			"Stored actions that have not ended.", []string{"source"}, nil),
		gaps: prometheus.NewDesc("aslogd_gaps",
			"Spans that are wanted and not covered, by reason: unproven ones can still close.", []string{"source", "reason"}, nil),
		head: prometheus.NewDesc("aslogd_journal_head",
			"The seq of the newest journal row of a shard that this replica holds.", []string{"shard"}, nil),
	}
}

// Describe names the metrics.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.watermark, c.lateness, c.open, c.gaps, c.head} {
		to <- desc
	}
}

// Collect asks Postgres, for five seconds at the most.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := c.pool.Query(ctx, metricsSQL, c.owner)
	if err != nil {
		return
	}
	var found []prometheus.Metric
	var kind, source, label string
	var value float64
	_, err = pgx.ForEachRow(rows, []any{&kind, &source, &label, &value}, func() error {
		switch kind {
		case "watermark":
			found = append(found, prometheus.MustNewConstMetric(c.watermark, prometheus.GaugeValue, value, source))
		case "lateness":
			found = append(found, prometheus.MustNewConstMetric(c.lateness, prometheus.GaugeValue, value, source))
		case "open":
			found = append(found, prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, value, source))
		case "gaps":
			found = append(found, prometheus.MustNewConstMetric(c.gaps, prometheus.GaugeValue, value, source, label))
		case "head":
			found = append(found, prometheus.MustNewConstMetric(c.head, prometheus.GaugeValue, value, label))
		}
		return nil
	})
	if err != nil {
		return
	}
	for _, metric := range found {
		to <- metric
	}
}
