package simulator_test

import (
	"fmt"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

func TestABurstAndDenseHours(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Duration{"past": -90 * time.Minute, "live": 30 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Config{
				Groups: 2, ActionsPerGroup: 10, LiveRate: 0.01,
				Burst: 6000, BurstAt: at, Dense: 4500, DenseAt: at - 10*time.Minute, DenseFor: time.Hour,
			})
			before := w.logs(w.firstGroup()).Total
			if (before > 10000) != (at < 0) {
				t.Errorf("%d at first", before)
			}
			w.clock.forward(3 * time.Hour)
			id, second := w.firstGroup(), stamp(born.Add(at))
			if n := w.logs(id, "start_time", second, "end_time", second).Total; n < 6000 || n > 6010 {
				t.Errorf("%d in the second", n)
			}
			from, to := stamp(born.Add(at-10*time.Minute)), stamp(born.Add(at+50*time.Minute))
			if n := w.logs(id, "start_time", from, "end_time", to).Total; n < 10500 || n > 10550 {
				t.Errorf("%d in the hour", n)
			}
			sameAsTruth(t, w.group(0), w.walk(id))
		})
	}
}

// Retention moves with the clock, or faster, and the truth says of each action
// when it went.
func TestRetentionMoves(t *testing.T) {
	t.Parallel()
	for _, speed := range []float64{1, 10000} {
		t.Run(fmt.Sprint(speed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Config{
				Groups: 1, ActionsPerGroup: 400, LiveRate: 0.02,
				Faults: simulator.Faults{Retention: 20 * 24 * time.Hour, RetentionSpeed: speed},
			})
			id, shown := w.firstGroup(), []int{}
			for range 4 {
				all := w.walk(id)
				shown = append(shown, len(all))
				visible := map[string]bool{}
				for _, r := range all {
					visible[r.ID] = true
				}
				for _, a := range w.group(0).Actions {
					if gone := !a.Expires.After(w.clock.Now()); gone == visible[a.ID] || gone != a.Expired {
						t.Fatalf("started %s, expires %s, at %s visible %v, expired %v", a.Start, a.Expires, w.clock.Now(), visible[a.ID], a.Expired)
					}
				}
				w.clock.forward(time.Minute)
			}
			if fell := shown[3] < shown[0]-30; fell != (speed > 1) || shown[0] < 200 || shown[0] > 300 {
				t.Errorf("shown: %v", shown)
			}
			w.clock.forward(30 * time.Minute)
			if n := w.logs(id).Total; speed > 1 && (n < 30 || n > 60) {
				t.Errorf("%d shown at last, want what came live", n)
			}
		})
	}
}

// A deleted group that is listed again shows what it showed, and goes on.
func TestAGroupThatReturns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{
		Groups: 1, ActionsPerGroup: 20, LiveRate: 0.5,
		Faults: simulator.Faults{DeletedGroups: 1, DeletedAfter: time.Minute, ReturnAfter: 2 * time.Minute},
	})
	id := w.firstGroup()
	w.clock.forward(90 * time.Second)
	if resp, _ := w.get(w.logPath(id)); resp.StatusCode != 400 {
		t.Fatal(resp.Status)
	}
	if g := w.group(0); g.Deleted == nil || g.Back != nil {
		t.Errorf("deleted %v, back %v", g.Deleted, g.Back)
	}
	w.clock.forward(2 * time.Minute)
	g := w.group(0)
	if g.Deleted == nil || g.Back == nil || g.Back.Sub(*g.Deleted) != 2*time.Minute {
		t.Errorf("deleted %v, back %v", g.Deleted, g.Back)
	}
	sameAsTruth(t, g, w.walk(id))
	after, away := 0, 0
	for _, a := range g.Actions {
		for _, s := range a.States {
			if s.Since.After(*g.Deleted) && s.Since.Before(*g.Back) {
				away++
			}
		}
		if a.Start.After(*g.Back) {
			after++
		}
	}
	if after == 0 || away > 0 {
		t.Errorf("%d started after it was back; %d states came while nobody could look", after, away)
	}
}

// A server whose clock is off: its Date and its stamps are, alike.
func TestAClockThatIsOff(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{3 * time.Minute, -3 * time.Minute} {
		w := newWorld(t, simulator.Config{Groups: 1, LiveRate: 1, Skew: skew})
		w.clock.forward(time.Minute)
		id := w.firstGroup()
		resp, _ := w.get(w.logPath(id))
		if date := resp.Header.Get("Date"); date != w.clock.Now().Add(skew).Format("Mon, 02 Jan 2006 15:04:05 GMT") {
			t.Errorf("Date %s at %s", date, w.clock.Now())
		}
		if off := w.logs(id).Records[0].Start.Sub(w.clock.Now()); off < skew-5*time.Second || off > skew {
			t.Errorf("stamps are off by %s, not %s", off, skew)
		}
	}
}

// Live actions stop, and what runs ends.
func TestLiveActionsStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, LiveRate: 1, LiveFor: time.Minute})
	w.clock.forward(time.Hour)
	if p := w.logs(w.firstGroup()); p.Total != 60 {
		t.Errorf("%d in a minute", p.Total)
	}
}
