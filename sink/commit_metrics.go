package sink

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what commits do. A nil *Metrics counts nothing.
type Metrics struct {
	revisions   *prometheus.CounterVec
	delay       prometheus.Histogram
	stale       *prometheus.CounterVec
	quarantined *prometheus.CounterVec
}

// NewMetrics registers the committer's metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		revisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aslogd_revisions_total", Help: "Journal rows made, by source and change (new, changed).",
		}, []string{"source", "change"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "aslogd_record_delay_seconds",
			Help: "From an action's start (new) or end (changed, ended) to its journal row; actions older than a day are left out.",
			Buckets: []float64{
				.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600,
			},
		}),
		stale: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aslogd_stale_reads_total", Help: "Answers dropped because they were older than what is stored.",
		}, []string{"source"}),
		quarantined: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aslogd_quarantined_total", Help: "Records and pages put into quarantine, by source and reason.",
		}, []string{"source", "reason"}),
	}
	reg.MustRegister(m.revisions, m.delay, m.stale, m.quarantined)
	return m
}

// committed counts what a commit made.
func (m *Metrics) committed(a *attempt) {
	if m == nil {
		return
	}
	for i := range a.changes {
		if ch := &a.changes[i]; ch.row != nil {
			m.revisions.WithLabelValues(ch.row.Source, ch.row.Change).Inc()
			m.late(ch)
		}
	}
	for it, out := range a.outcomes {
		if out.Stale > 0 {
			m.stale.WithLabelValues(it.batch.Target.Source).Add(float64(out.Stale))
		}
	}
	for _, f := range a.faults {
		reason, _, _ := strings.Cut(f.reason, "[") // a field of a list counts as the list
		m.quarantined.WithLabelValues(f.source, reason).Add(float64(f.times))
	}
}

// late observes how long a record took to arrive. What is older than a day
// comes from a backfill and says nothing about freshness.
func (m *Metrics) late(ch *change) {
	moment := ch.row.StartTime
	if ch.row.Change == Changed {
		if ch.stored.ended || ch.chosen.seen.Open() {
			return
		}
		moment = ch.row.EndTime
	}
	if moment == nil {
		return
	}
	if d := ch.row.RecordedAt.Sub(*moment); d >= 0 && d < 24*time.Hour {
		m.delay.Observe(d.Seconds())
	}
}
