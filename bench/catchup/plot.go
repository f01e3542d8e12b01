package main

import "aslogd/bench/report"

// plot draws how soon the topics have the journal's rows: many at once, and one at a
// time.
func plot(path string, t, lag *report.Table) error {
	speed, err := t.Parts("rows/s")
	if err != nil {
		return err
	}
	quantiles, err := lag.Parts("p50 s", "p90 s", "p99 s", "longest s")
	if err != nil {
		return err
	}
	behind := report.Part{}
	for _, q := range quantiles {
		behind.Values = append(behind.Values, 1000*q.Values[0])
	}
	return report.Draw(path,
		&report.Bars{Title: "A full journal, into both topics", Unit: "journal rows/s", Names: t.Names(), Parts: speed, Format: "%.0f"},
		&report.Bars{Title: "An action a second: how far a consumer is behind", Unit: "ms from recorded_at to a consumer at read_committed",
			Names: []string{"p50", "p90", "p99", "longest"}, Parts: []report.Part{behind}, Format: "%.0f"})
}
