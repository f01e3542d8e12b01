package main

import "aslogd/bench/report"

// plot draws the CPU time of each thing, by who took it.
func plot(path string, t *report.Table) error {
	parts, err := t.Parts("client", "Postgres", "Kafka")
	if err != nil {
		return err
	}
	totals, err := t.Figures("CPU ms per 1,000")
	if err != nil {
		return err
	}
	return report.Draw(path, &report.Bars{Title: "A backfill: CPU time by who takes it", Unit: "CPU ms per 1,000 actions",
		Names: t.Names(), Parts: parts, Totals: totals, Format: "%.0f"})
}
