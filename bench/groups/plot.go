package main

import "aslogd/bench/report"

// plot draws what a quiet group costs, by how many there are.
func plot(path string, t *report.Table) error {
	groups, err := t.Figures("groups")
	if err != nil {
		return err
	}
	daemon, err := t.Figures("daemon CPU ms per group and minute")
	if err != nil {
		return err
	}
	postgres, err := t.Figures("Postgres CPU, cores")
	if err != nil {
		return err
	}
	for i := range postgres {
		postgres[i] *= 60_000 / groups[i] // ms of a minute, and a group's part
	}
	return report.Draw(path, &report.Chart{Title: "Quiet groups, polled once a minute", X: "groups", Y: "CPU ms per group and minute", LogX: true,
		Lines: []report.Line{{Name: "daemon", X: groups, Y: daemon}, {Name: "Postgres", X: groups, Y: postgres}}})
}
