package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: nobody reads for eight days, the API does not show any more what
// it showed a week before that, but for actions that hang. What must hold: they
// do not vouch for what has ended; and what has ended behind them does.
func TestLaw02WhatHangsDoesNotVouchForWhatEnded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hang  int
		shown bool // what has ended is shown still
	}{
		"one":                                  {hang: 1},
		"one, and what has ended":              {hang: 1, shown: true},
		"many, and what has ended behind them": {hang: 250, shown: true},
		"many":                                 {hang: 250},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, f := quiet(t, newCloud(), 8*day, 30*day)
				m.old("edge", 8*day+2*time.Hour, test.shown)
				for _, e := range every("hangs", time.Now().Add(-8*day-time.Hour), test.hang, time.Second) {
					e.ends = time.Now().Add(60 * day)
					m.cloud.add("g", e)
					m.stored["g"][e.id] = "DOING"
				}
				m.cloud.add("g", every("a", time.Now().Add(-3*day), 20, time.Hour)...)
				if err := m.run(f, 3*time.Hour); err != nil {
					t.Fatal(err)
				}
				now := time.Now()
				lost := Span{From: now.Add(-8 * day).Truncate(time.Second), To: now.Add(-4 * day).Truncate(time.Second)}
				if g := m.get("g"); g.Lost.Contains(lost) == test.shown || test.shown && len(g.Lost) > 0 {
					t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
				}
			})
		})
	}
}
