package main

import "aslogd/bench/report"

// plot draws what an action costs, by how many are stored.
func plot(path string, t *report.Table) error {
	stored, err := t.Figures("stored actions")
	if err != nil {
		return err
	}
	costs, err := t.Parts("CPU ms per 1,000", "daemon", "Postgres", "Kafka")
	if err != nil {
		return err
	}
	costs[0].Name = "all"
	chart := &report.Chart{Title: "What an action costs, by how many are stored", X: "stored actions", Y: "CPU ms per 1,000 actions", LogX: true}
	for _, cost := range costs {
		chart.Lines = append(chart.Lines, report.Line{Name: cost.Name, X: stored, Y: cost.Values})
	}
	return report.Draw(path, chart)
}
