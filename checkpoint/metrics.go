package checkpoint

import "github.com/prometheus/client_golang/prometheus"

// Metrics is what a Keeper counts. A nil *Metrics counts nothing.
type Metrics struct {
	held prometheus.Gauge
	lost prometheus.Counter
}

// NewMetrics registers the metrics of a Keeper.
func NewMetrics(to prometheus.Registerer) *Metrics {
	m := &Metrics{
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "aslogd_shards_held",
			Help: "Shards that this replica holds.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "aslogd_leases_lost_total",
			Help: "Shards that another replica took while this one still held them.",
		}),
	}
	to.MustRegister(m.held, m.lost)
	return m
}

func (m *Metrics) hold(shards int) {
	if m != nil {
		m.held.Set(float64(shards))
	}
}

func (m *Metrics) lose() {
	if m != nil {
		m.lost.Inc()
	}
}
