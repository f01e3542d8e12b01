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
	for s := range arrivals.ShownIn(truth, from, to) {
		f.states++
		if at, ok := stored[s.State]; ok {
			f.rows = append(f.rows, s.After(at))
		}
		if at, ok := published[s.State]; ok {
			f.records = append(f.records, s.After(at))
		} else if s.Last {
			f.recordsLost++
		}
		if status, ok := stands[s.Action]; s.Last && !ok {
			f.rowsLost++
		} else if s.Last && status != s.Status {
			f.rowsWrong++
		}
	}
	return f
}
