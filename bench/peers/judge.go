package main

import (
	"time"

	"aslogd/bench/arrivals"
	"aslogd/internal/simulator"
)

// findings are what became of the states that were shown in a span of time.
// Times are seconds from when a state was shown until it was there.
type findings struct {
	states, rowsLost, rowsWrong, recordsLost int
	rows, records                            []float64
}

// judge holds what arrived against what the cloud showed. A state that ended
// before anybody looked is nobody's fault; the last one of an action has to
// arrive, and has to stand in the table in the end.
func judge(truth *simulator.Truth, from, to time.Time, rows []arrivals.State, stored, published map[arrivals.State]time.Time) *findings {
	stands := make(map[string]string, len(rows))
	for _, r := range rows {
		stands[r.Action] = r.Status
	}
	f := &findings{}
	for _, g := range truth.Groups {
		for _, a := range g.Actions {
			for i, shown := range a.States {
				if shown.Since.Before(from) || shown.Since.After(to) {
					continue
				}
				f.states++
				last := i == len(a.States)-1
				s := arrivals.State{Action: a.ID, Status: "DOING"}
				if last {
					s.Status = a.Status
				}
				if at, ok := stored[s]; ok {
					f.rows = append(f.rows, at.Sub(shown.Since).Seconds())
				}
				if at, ok := published[s]; ok {
					f.records = append(f.records, at.Sub(shown.Since).Seconds())
				} else if last {
					f.recordsLost++
				}
				if status, ok := stands[a.ID]; last && !ok {
					f.rowsLost++
				} else if last && status != a.Status {
					f.rowsWrong++
				}
			}
		}
	}
	return f
}
