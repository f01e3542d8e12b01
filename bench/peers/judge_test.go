package main

import (
	"testing"
	"time"

	"aslogd/bench/arrivals"
	"aslogd/internal/simulator"
)

func TestWhatIsMissingOrWrongIsFound(t *testing.T) {
	t.Parallel()
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	action := func(id string, since ...int64) simulator.ActionTruth {
		a := simulator.ActionTruth{ID: id, Status: "SUCCESS"}
		for _, s := range since {
			a.States = append(a.States, simulator.State{Since: at(s)})
		}
		return a
	}
	truth := &simulator.Truth{Groups: []simulator.GroupTruth{{Actions: []simulator.ActionTruth{
		action("before", 5),
		action("arrived", 10, 12),
		action("lost", 11),
		action("stale", 12, 13),
		action("later", 14, 30),
	}}}}
	rows := []arrivals.State{{Action: "arrived", Status: "SUCCESS"}, {Action: "stale", Status: "DOING"}}
	stored := map[arrivals.State]time.Time{{Action: "arrived", Status: "DOING"}: at(11), {Action: "arrived", Status: "SUCCESS"}: at(14)}
	published := map[arrivals.State]time.Time{{Action: "arrived", Status: "SUCCESS"}: at(15), {Action: "stale", Status: "SUCCESS"}: at(14)}
	f := judge(truth, at(10), at(20), rows, stored, published)
	if f.states != 6 || f.rowsLost != 1 || f.rowsWrong != 1 || f.recordsLost != 1 {
		t.Errorf("%+v, not 6 states, 1 row lost and 1 wrong, 1 record lost", *f)
	}
	if len(f.rows) != 2 || f.rows[0] != 1 || f.rows[1] != 2 || len(f.records) != 2 || f.records[0] != 3 {
		t.Errorf("delays %v and %v", f.rows, f.records)
	}
}
