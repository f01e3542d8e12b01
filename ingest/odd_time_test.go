package ingest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
	"aslogd/internal/simulator"
)

// What breaks: the API forgets while its past is read, a second of it in a
// second, or a day in a minute, down to nothing; then the daemon starts again.
// What must hold: what was forgotten unread is a gap that says retention, what
// was read stays, and nothing that was shown is called covered without being
// stored.
func TestRetentionThatEatsThePastWhileItIsRead(t *testing.T) {
	t.Parallel()
	for name, speed := range map[string]float64{"with the clock": 1, "an hour in a second": 3600, "a day in a second": 86400} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newOddWorld(t, simulator.Config{
					Seed: 5, Groups: 1, ActionsPerGroup: 6000, LiveRate: 0.01, LiveFor: 20 * time.Minute,
					Faults: simulator.Faults{Retention: 20 * day, RetentionSpeed: speed},
				})
				w.run(90 * time.Second)
				w.run(30 * time.Minute)
				for id, j := range w.judge(5 * time.Minute) {
					g, retention := w.ledger.get(id), w.ledger.gaps(id, checkpoint.Retention)
					if j.wrong+j.missing > 0 || len(w.ledger.unproven(id)) > 0 || retention.Length() != g.Lost.Length() {
						t.Errorf("group %s: %+v, unproven %v, lost %v", id, j, w.ledger.unproven(id), w.ledger.lost[id])
					}
					w.requireLag(id, 5*time.Minute)
					// Exact: no stored action lies in the gap but such as were read before they went.
					if born := w.born.Add(-20 * day); speed == 1 && (retention.End().Before(born) || retention.End().After(born.Add(day))) {
						t.Errorf("group %s: lost %v; retention had come to %s", id, retention, born)
					}
					if speed > 1 && j.gapped > j.shown*3/4 {
						t.Errorf("group %s: %d of %d are in gaps", id, j.gapped, j.shown)
					}
				}
			})
		})
	}
}

// What breaks: the server's clock, its Date and its stamps are three minutes
// ahead of ours or behind, refusals say when to come again by that clock, and
// the process starts again. What must hold: nothing is covered that its clock
// has not come to, and nothing is lost.
func TestAClockThatIsThreeMinutesOff(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"ahead": 3 * time.Minute, "behind": -3 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newOddWorld(t, simulator.Config{
					Seed: 6, Groups: 2, ActionsPerGroup: 500, FirstAction: true, LiveRate: 0.03, LiveFor: 100 * time.Minute, Skew: skew,
					Faults: simulator.Faults{Late: 0.2, LateBy: 4 * time.Minute, Throttle: 0.05, RetryAfter: "date"},
				})
				w.run(time.Hour)
				w.run(time.Hour)
				w.requireComplete(6 * time.Minute)
				if n := w.sim.Counts().Refused; n < 5 {
					t.Errorf("%d refusals: the test shows nothing", n)
				}
			})
		})
	}
}

// What breaks: a group is deleted while actions run in it, and comes back
// after an hour. What must hold: it is read to its end, parked and kept; the
// time from the last answer to its end is a gap that says gone; when it is
// back it is read on, and the gap closes, for what it shows is proved then.
func TestADeletedGroupIsDrainedParkedKeptAndResumed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newOddWorld(t, simulator.Config{
			Seed: 7, Groups: 2, ActionsPerGroup: 300, FirstAction: true, LiveRate: 0.05, Lasting: 3 * time.Minute, LiveFor: 3 * time.Hour,
			Faults: simulator.Faults{DeletedGroups: 1, DeletedAfter: 30*time.Minute + 20*time.Second, ReturnAfter: time.Hour},
		})
		w.run(50 * time.Minute)
		id := w.sim.Truth().Groups[1].ID
		g, gone := w.ledger.get(id), w.ledger.gaps(id, checkpoint.Gone)
		if !g.Parked || g.GoneAt == nil || len(w.ledger.rows[id]) < 300 {
			t.Fatalf("parked %v, gone at %v, %d kept", g.Parked, g.GoneAt, len(w.ledger.rows[id]))
		}
		if gone.Length() == 0 || gone.Length() > 5*time.Minute || !gone.End().Equal(g.GoneAt.Truncate(time.Second)) {
			t.Errorf("gone at %s, covered up to %s; gap %v", g.GoneAt, g.Covered.End(), gone)
		}
		w.judge(2 * time.Minute)
		w.run(20 * time.Minute)
		if now := w.ledger.get(id); !now.Parked || now.Covered.Length() != g.Covered.Length() {
			t.Errorf("parked %v, covered %v after another start", now.Parked, now.Covered)
		}
		w.run(3 * time.Hour)
		if g = w.ledger.get(id); g.Parked || g.GoneAt != nil {
			t.Errorf("parked %v, gone %v, though it is back", g.Parked, g.GoneAt)
		}
		w.requireComplete(5 * time.Minute)
	})
}

// Some actions are shown up to five hours late: settling finds them, the
// lateness is measured, and the tail's overlap follows it, but never reaches
// further than six hours, nor less than ten minutes.
func TestWhatIsHoursLateIsFoundAndTheOverlapFollows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newOddWorld(t, simulator.Config{
			Seed: 8, Groups: 1, ActionsPerGroup: 50, FirstAction: true, LiveRate: 0.003, LiveFor: 20 * time.Hour,
			Faults: simulator.Faults{Late: 0.2, LateBy: 5 * time.Hour},
		})
		w.poll = 5 * time.Minute
		w.run(26 * time.Hour)
		id := w.sim.Truth().Groups[0].ID
		late := w.ledger.get(id).Lateness
		if late < 2*time.Hour || late > 26*time.Hour {
			t.Errorf("measured a lateness of %s", late)
		}
		w.run(24 * time.Hour)
		w.requireComplete(10 * time.Minute)
		if back := w.overlap(id); back < 5*time.Hour || back > 6*time.Hour+20*time.Minute {
			t.Errorf("the tail reads from %s ago", back)
		}
	})
}

// Of the last day's history, some is shown only hours after it was read and
// covered. What is shown before it is a day old, the last stage, is found.
func TestHistoryThatIsShownLateIsFoundBySettling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newOddWorld(t, simulator.Config{
			Seed: 10, Groups: 1, ActionsPerGroup: 300, Days: 1, FirstAction: true, LiveRate: 0.001, LiveFor: 20 * time.Hour,
			Faults: simulator.Faults{LatePast: 0.3, LatePastBy: 12 * time.Hour},
		})
		w.poll = 5 * time.Minute
		w.run(50 * time.Hour)
		late := 0
		for _, a := range w.sim.Truth().Groups[0].Actions {
			shown := a.States[0].Since
			if shown.Sub(a.Start) > day || !shown.After(w.born.Add(time.Hour)) || a.Start.After(w.born) {
				continue
			}
			late++
			if w.ledger.rows[w.sim.Truth().Groups[0].ID][a.ID] == nil {
				t.Errorf("%s, started %s, shown since %s, is not stored", a.ID, a.Start, shown)
			}
		}
		if late < 10 {
			t.Errorf("%d came late: the test shows nothing", late)
		}
	})
}

// overlap is how far back the group's newest open-ended read began.
func (w *oddWorld) overlap(group string) time.Duration {
	w.asked.Lock()
	defer w.asked.Unlock()
	return time.Since(w.asked.from[group])
}
