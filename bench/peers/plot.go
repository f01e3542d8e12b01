package main

import (
	"slices"

	"aslogd/bench/report"
)

// plot draws the CPU time of each reader, by who takes it, of those tables that
// tell it.
func plot(path string, tables []*report.Table) error {
	var panels []report.Panel
	for _, t := range tables {
		for _, of := range []struct{ title, unit, itself, format string }{
			{"A backfill: CPU time by who takes it", "CPU ms per 1,000 actions", "itself", "%.0f"},
			{"A live load: CPU time by who takes it", "CPU s a minute", "CPU s/min itself", "%.1f"},
		} {
			if !slices.Contains(t.Header, of.itself) {
				continue
			}
			parts, err := t.Parts(of.itself, "Postgres", "Kafka")
			if err != nil {
				return err
			}
			parts[0].Name = "itself"
			panels = append(panels, &report.Bars{Title: of.title, Unit: of.unit, Names: t.Names(), Parts: parts, Format: of.format})
		}
	}
	return report.Draw(path, panels...)
}
