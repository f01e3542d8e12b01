package sink

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RelayMetrics say how far the topics are behind the journal, for each shard
// that this replica holds. A nil one counts nothing.
type RelayMetrics struct {
	records *prometheus.GaugeVec
	seconds *prometheus.GaugeVec
}

// NewRelayMetrics registers the relay's metrics.
func NewRelayMetrics(reg prometheus.Registerer) *RelayMetrics {
	m := &RelayMetrics{
		records: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aslogd_publish_lag_records",
			Help: "Journal rows of the shard that the topics do not hold yet.",
		}, []string{"shard"}),
		seconds: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aslogd_publish_lag_seconds",
			Help: "Age of the oldest journal row of the shard that the topics do not hold yet.",
		}, []string{"shard"}),
	}
	reg.MustRegister(m.records, m.seconds)
	return m
}

func (m *RelayMetrics) behind(shard int, records int64) {
	if m != nil {
		m.records.WithLabelValues(strconv.Itoa(shard)).Set(float64(records))
	}
}

func (m *RelayMetrics) waiting(shard int, age time.Duration) {
	if m != nil {
		m.seconds.WithLabelValues(strconv.Itoa(shard)).Set(max(0, age.Seconds()))
	}
}

func (m *RelayMetrics) forget(shard int) {
	if m != nil {
		m.records.DeleteLabelValues(strconv.Itoa(shard))
		m.seconds.DeleteLabelValues(strconv.Itoa(shard))
	}
}
