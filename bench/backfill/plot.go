package main

import (
	"time"

	"aslogd/bench/report"
)

// plot draws the CPU time of each thing, by who took it.
func plot(path string, rs *results) error {
	s := &report.Stack{Title: "A backfill: CPU time by who takes it", Unit: "CPU ms per 1,000 actions", Names: rs.names}
	for _, part := range []struct {
		name string
		of   func(*run) time.Duration
	}{
		{"client or daemon", func(r *run) time.Duration { return r.costs.Self }},
		{"Postgres", func(r *run) time.Duration { return r.costs.Postgres }},
		{"Kafka", func(r *run) time.Duration { return r.costs.Kafka }},
	} {
		values := make([]float64, len(rs.names))
		for i, name := range rs.names {
			values[i] = rs.median(name, func(r *run) float64 { return r.perThousand(part.of(r)) })
		}
		s.Parts = append(s.Parts, report.Part{Name: part.name, Values: values})
	}
	return s.Draw(path)
}
