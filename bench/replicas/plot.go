package main

import (
	"strings"

	"aslogd/bench/report"
)

// goal is within how many LEASE_TTL the shards of a killed daemon are to be others'.
const goal = 2

// plot draws what was measured of backfills and of hand-overs.
func plot(path string, past, turns *report.Table) error {
	var panels []report.Panel
	if len(past.Rows) > 0 {
		speed, err := past.Parts("actions/s")
		if err != nil {
			return err
		}
		panels = append(panels, &report.Bars{Title: "A backfill by several daemons", Unit: "actions/s stored and published",
			Names: spelled(past), Parts: speed, Format: "%.0f"})
	}
	if len(turns.Rows) > 0 {
		parts, err := turns.Parts("owner ÷ LEASE_TTL", "commit ÷ LEASE_TTL")
		if err != nil {
			return err
		}
		owner, commit := parts[0].Values, parts[1].Values
		rest := make([]float64, len(commit))
		names := spelled(turns)
		for i := range names {
			rest[i] = commit[i] - owner[i]
			names[i] += ", " + turns.Rows[i][1]
		}
		panels = append(panels, &report.Bars{Title: "A daemon ends, and others take its shards", Unit: "LEASE_TTL since the signal",
			Names: names, Format: "%.2f", Goal: report.Goal{Name: "goal", At: goal},
			Parts: []report.Part{{Name: "until all have an owner", Values: owner}, {Name: "until all commit again", Values: rest}}})
	}
	return report.Draw(path, panels...)
}

// spelled are the rows' names, such as 2 on 8, with what there are so many of.
func spelled(t *report.Table) []string {
	names := t.Names()
	for i, name := range names {
		daemons, shards, _ := strings.Cut(name, " on ")
		names[i] = daemons + " daemons on " + shards + " shards"
		if daemons == "1" {
			names[i] = "1 daemon on " + shards + " shards"
		}
	}
	return names
}
