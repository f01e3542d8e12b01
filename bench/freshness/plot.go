package main

import "aslogd/bench/report"

// plot draws how long rows and records take, each scene for itself: what is seconds
// in one is minutes in another.
func plot(path string, t *report.Table) error {
	columns, err := t.Parts("row p50 s", "row p99 s", "record p50 s", "record p99 s")
	if err != nil {
		return err
	}
	var panels []report.Panel
	for i, scene := range t.Names() {
		of := func(column int) float64 { return columns[column].Values[i] }
		panels = append(panels, &report.Bars{Title: scene, Unit: "s from when the API first shows a state",
			Names: []string{"row written", "record consumed"}, Beside: true, Format: "%.2f",
			Parts: []report.Part{{Name: "p50", Values: []float64{of(0), of(2)}}, {Name: "p99", Values: []float64{of(1), of(3)}}}})
	}
	return report.Draw(path, panels...)
}
