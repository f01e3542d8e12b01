package ingest

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what reading met. A nil *Metrics counts nothing.
type Metrics struct {
	restarts *prometheus.CounterVec
	settles  *prometheus.CounterVec
}

// NewMetrics registers the metrics of this package.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aslogd_scan_restarts_total",
		Help: "Passes over a span that began again because the list moved while it was read: total, overlap, count or short.",
	}, []string{"source", "reason"})}
	m.settles = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aslogd_settle_reads_total",
		Help: "Stretches that were read again after they were covered: counted (confirmed by one request), read, short (more is stored than is still shown) or unproved.",
	}, []string{"source", "result"})
	reg.MustRegister(m.restarts, m.settles)
	return m
}

func (m *Metrics) restart(source, reason string) {
	if m != nil {
		m.restarts.WithLabelValues(source, reason).Inc()
	}
}

func (m *Metrics) settled(source, result string) {
	if m != nil {
		m.settles.WithLabelValues(source, result).Inc()
	}
}
