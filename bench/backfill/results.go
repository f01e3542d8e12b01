package main

import (
	"fmt"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// results are all runs, by what was measured, in the order of the first round.
type results struct {
	actions int
	names   []string
	runs    map[string][]*run
}

func (rs *results) add(r *run) {
	if rs.runs == nil {
		rs.runs = map[string][]*run{}
	}
	if rs.runs[r.name] == nil {
		rs.names = append(rs.names, r.name)
	}
	rs.runs[r.name] = append(rs.runs[r.name], r)
}

// median of a figure over the rounds.
func (rs *results) median(name string, figure func(*run) float64) float64 {
	var values []float64
	for _, r := range rs.runs[name] {
		values = append(values, figure(r))
	}
	return report.Median(values)
}

func seconds(r *run) float64 { return r.wall.Seconds() }

// summary is the table of medians.
func summary(rs *results, cloud *ground.Cloud) *report.Table {
	t := &report.Table{Header: []string{"", "seconds", "actions/s", "wall ÷ overlapped", "CPU ms per 1,000", "client", "Postgres", "Kafka", "peak MiB", "requests ÷ fewest"}}
	for _, name := range rs.names {
		of := func(figure func(*run) float64) float64 { return rs.median(name, figure) }
		per := func(figure func(*run) float64) string { return fmt.Sprintf("%.1f", of(figure)) }
		peak, requests := "–", "–"
		if name == "aslogd" {
			peak = fmt.Sprintf("%.0f", of(func(r *run) float64 { return float64(r.peak >> 20) }))
			requests = fmt.Sprintf("%.3f", of(func(r *run) float64 { return float64(r.requests) / float64(cloud.Fewest()) }))
		}
		t.Add(name, per(seconds), fmt.Sprintf("%.0f", float64(rs.actions)/of(seconds)), fmt.Sprintf("%.2f", of(seconds)/rs.median(overlapped, seconds)),
			per(func(r *run) float64 { return r.perThousand(r.costs.All()) }), per(func(r *run) float64 { return r.perThousand(r.costs.Self) }),
			per(func(r *run) float64 { return r.perThousand(r.costs.Postgres) }), per(func(r *run) float64 { return r.perThousand(r.costs.Kafka) }),
			peak, requests)
	}
	return t
}
