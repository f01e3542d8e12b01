package asapi

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"aslogd/ingest"
)

// Metrics counts for all clients of a process. A nil *Metrics counts nothing.
type Metrics struct {
	requests *prometheus.CounterVec
	purpose  *prometheus.CounterVec
	wait     prometheus.Histogram
	expiry   *prometheus.GaugeVec
}

// NewMetrics registers the metrics of the API's clients.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aslogd_api_requests_total",
			Help: "Requests to the AS API, by source and status code (error: no whole answer came).",
		}, []string{"source", "code"}),
		purpose: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aslogd_api_requests_purpose_total",
			Help: "The same requests, by source and what each was for: follow, tail, settle, reconcile, backfill, watch.",
		}, []string{"source", "purpose"}),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "aslogd_api_wait_seconds",
			Help:    "Time that a request waited for the source's budget.",
			Buckets: []float64{.001, .01, .1, .5, 1, 2, 5, 10, 30, 60, 300, 1800},
		}),
		expiry: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aslogd_token_expiry_timestamp_seconds",
			Help: "When the source's present token ends (Unix time).",
		}, []string{"source"}),
	}
	r.MustRegister(m.requests, m.purpose, m.wait, m.expiry)
	return m
}

// answered counts a request once it is known what came of it.
func (m *Metrics) answered(source string, class ingest.Class, code string) {
	if m != nil {
		m.requests.WithLabelValues(source, code).Inc()
		m.purpose.WithLabelValues(source, class.String()).Inc()
	}
}

func (m *Metrics) waited(d time.Duration) {
	if m != nil {
		m.wait.Observe(d.Seconds())
	}
}

func (m *Metrics) expires(source string, at time.Time) {
	if m != nil {
		m.expiry.WithLabelValues(source).Set(float64(at.Unix()))
	}
}
