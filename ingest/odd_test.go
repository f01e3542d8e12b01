package ingest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
	"aslogd/internal/simulator"
)

// A backlog, then two hours live, with actions that come late and some that
// stay open, under each odd API: everything is stored as it was last shown,
// without a gap.
func TestReadingIsCompleteUnderEachOddAPI(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]simulator.Faults{
		"as it should be":                             {},
		"it filters on ends":                          {FilterEnds: true},
		"it filters on ends, and the edges are out":   {FilterEnds: true, OpenEdges: true},
		"an end_time hides what is open":              {HideOpen: true},
		"ends, open edges and hidden open ones":       {FilterEnds: true, OpenEdges: true, HideOpen: true},
		"oldest first":                                {Ascending: true},
		"oldest first, and the rest":                  {Ascending: true, FilterEnds: true, OpenEdges: true, HideOpen: true},
		"a limit of 100 is taken for 37":              {ClampLimit: 37},
		"its total is that of five seconds ago":       {LagTotal: 5 * time.Second},
		"its total is that of a minute ago":           {LagTotal: time.Minute},
		"its total is that of two requests ago":       {LagRequests: 2},
		"ties come in another order at each request":  {ShuffleTies: true},
		"the head moves between pages":                {Drift: 10},
		"late ones come into spans that are read":     {DriftClosed: 10},
		"one record in two groups":                    {Twice: 0.3},
		"two groups, shuffled, moved, in small pages": {Twice: 0.5, ShuffleTies: true, Drift: 50, DriftClosed: 50, ClampLimit: 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f.Late, f.LateBy = 0.1, 5*time.Minute
				f.Stuck, f.StuckFor = 0.05, 40*time.Minute
				w := newOddWorld(t, simulator.Config{Seed: 1, Groups: 2, ActionsPerGroup: 600, FirstAction: true, LiveRate: 0.01, LiveFor: 100 * time.Minute, Faults: f})
				w.run(time.Hour)
				w.run(90 * time.Minute)
				w.requireComplete(5 * time.Minute)
			})
		})
	}
}

// What breaks: reading begins two days late, when some actions have been open
// for hours or a day, and an end_time hides those. What must hold: they are
// known at once, and stored as they ended.
func TestWhatIsOpenWhenThePastIsReadIsNotLost(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]simulator.Faults{
		"hidden by an end_time":             {HideOpen: true},
		"hidden, and the filter is on ends": {HideOpen: true, FilterEnds: true, OpenEdges: true},
		"shown":                             {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f.Stuck, f.StuckFor = 0.4, 58*time.Hour
				w := newOddWorld(t, simulator.Config{Seed: 2, Groups: 1, ActionsPerGroup: 20, FirstAction: true, LiveRate: 0.0005, LiveFor: 40 * time.Hour, Faults: f})
				w.poll = 10 * time.Minute
				time.Sleep(48 * time.Hour)
				w.run(time.Hour)
				for id := range w.judge(time.Minute) {
					if n := len(w.sim.Truth().Groups[0].Actions); len(w.ledger.rows[id]) != n {
						t.Errorf("%d known of %d", len(w.ledger.rows[id]), n)
					}
				}
				w.run(56 * time.Hour)
				w.requireComplete(6 * time.Hour)
			})
		})
	}
}

// 6,000 actions in one second: read whole where the API
// lets anyone page so far, and a gap of exactly that second where it does not.
// The minutes around it are complete in any case.
func TestASecondWith6000Actions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cap int
		gap bool
	}{
		"within reach":      {0, false},
		"just out of reach": {5898, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newOddWorld(t, simulator.Config{
					Seed: 3, Groups: 1, ActionsPerGroup: 300, FirstAction: true, LiveRate: 0.01, Lasting: 5 * time.Second,
					Burst: 6000, BurstAt: -3 * day, Faults: simulator.Faults{OffsetCap: c.cap},
				})
				w.run(30 * time.Minute)
				id := w.sim.Truth().Groups[0].ID
				if !c.gap {
					w.requireComplete(5 * time.Minute)
					return
				}
				j := w.judge(5 * time.Minute)[id]
				at := w.born.Add(-3 * day).Truncate(time.Second)
				second := ingest.Span{From: at, To: at.Add(time.Second)}
				if lost := w.ledger.get(id).Lost; !lost.Contains(second) || lost.Length() > time.Second || len(w.ledger.unproven(id)) > 0 {
					t.Errorf("lost %v, unproven %v; want %s lost", lost, w.ledger.unproven(id), second)
				}
				if reach := c.cap + 100; j.gapped > 6001-reach {
					t.Errorf("%d are not stored of 6000, %d can be reached", j.gapped, reach)
				}
				w.requireLag(id, 5*time.Minute)
				if len(w.ledger.gaps(id, "offset_cap")) != 1 {
					t.Errorf("lost %v", w.ledger.lost[id])
				}
			})
		})
	}
}
