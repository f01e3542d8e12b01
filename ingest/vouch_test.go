package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest/action"
)

// What breaks: an action hangs for longer than the API keeps what has ended, and
// another is stamped with a moment to come. What must hold: neither tells how far
// back the source reaches, nor where the group's past begins.
func TestLaw02WhatHangsIsNoHorizon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		now := time.Now().Truncate(time.Second)
		g := found("g", 100*day)
		m := newMemory(t, c, g)
		c.add("g", &event{id: "hangs", start: now.Add(-90 * day), ends: now.Add(90 * day)})
		c.add("g", &event{id: "early", start: now.Add(6 * time.Hour), shown: now.Add(-time.Hour)})
		c.add("g", every("a", now.Add(-10*day), 20, time.Hour)...)
		f := m.fleet()
		if err := m.run(f, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		if reach := f.Horizons.reach("s"); reach < 10*day || reach > 11*day {
			t.Errorf("the source is thought to reach %s back", reach)
		}
		after := m.get("g")
		if after.Oldest == nil || !after.Oldest.Equal(now.Add(-10*day)) {
			t.Errorf("the group is thought to begin at %v", after.Oldest)
		}
		if after.Covered.Contains(Span{From: now.Add(-80 * day), To: now.Add(-70 * day)}) {
			t.Errorf("covered %v, though only what hangs is as old", after.Covered)
		}
	})
}

func TestWhichRowsVouch(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	row := func(status string, after time.Duration) *action.Action {
		return &action.Action{Status: &status, StartTime: ptr(date.Add(after))}
	}
	for name, test := range map[string]struct {
		row     *action.Action
		vouches bool
	}{
		"ended":          {row("SUCCESS", -time.Hour), true},
		"failed":         {row("FAIL", -time.Hour), true},
		"of this second": {row("SUCCESS", 0), true},
		"to come":        {row("SUCCESS", time.Second), false},
		"open":           {row("DOING", -time.Hour), false},
		"no start":       {&action.Action{Status: ptr("SUCCESS")}, false},
	} {
		page := &Page{Date: date, Actions: []*action.Action{test.row}}
		if got := oldestProof(page); (got != nil) != test.vouches {
			t.Errorf("%s: %v", name, got)
		}
	}
}
