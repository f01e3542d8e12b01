package simulator_test

import (
	"slices"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// With FilterEnds both times are compared with the end, and what is open is
// shown by a start_time alone; with HideOpen an end_time hides what is open
// and nothing else.
func TestAFilterOnEndsAndOneThatHidesWhatIsOpen(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]simulator.Faults{
		"ends":      {FilterEnds: true},
		"ends open": {FilterEnds: true, OpenEdges: true},
		"hide":      {HideOpen: true},
		"both":      {FilterEnds: true, HideOpen: true, OpenEdges: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 50, LiveRate: 0.1, Lasting: 3 * time.Minute, Faults: f})
			w.clock.forward(20 * time.Minute)
			id := w.firstGroup()
			all := w.walk(id)
			open := 0
			for _, r := range all {
				if r.End == nil {
					open++
				}
			}
			from, to := all[60].Start, all[0].Start.Add(time.Minute)
			if all[60].End != nil && f.FilterEnds {
				from = *all[60].End
			}
			edge := time.Duration(0)
			if f.OpenEdges {
				edge = time.Second
			}
			want := func(from, to time.Time, bounded bool) (n int) {
				for _, r := range all {
					at := r.Start
					if f.FilterEnds {
						if at = to.Add(-edge); r.End != nil {
							at = *r.End
						}
					}
					hidden := bounded && r.End == nil
					if !hidden && !at.Before(from.Add(edge)) && !(bounded && at.After(to.Add(-edge))) {
						n++
					}
				}
				return n
			}
			if got, want := w.logs(id, "start_time", stamp(from)).Total, want(from, to.Add(time.Hour), false); got != want {
				t.Errorf("from: %d, want %d", got, want)
			}
			if got, want := w.logs(id, "start_time", stamp(from), "end_time", stamp(to)).Total, want(from, to, true); got != want {
				t.Errorf("both: %d, want %d", got, want)
			}
			if len(all) < 100 || open < 5 {
				t.Fatalf("%d open of %d: the test shows nothing", open, len(all))
			}
			if got := w.logs(id, "status", "DOING").Total; got != open {
				t.Errorf("%d by status, %d are open", got, open)
			}
		})
	}
}

func TestOldestFirst(t *testing.T) {
	t.Parallel()
	plain := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 250})
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 250, Faults: simulator.Faults{Ascending: true}})
	got, want := w.walk(w.firstGroup()), plain.walk(plain.firstGroup())
	slices.Reverse(want)
	if !slices.EqualFunc(got, want, func(a, b record) bool { return a.Raw == b.Raw }) {
		t.Error("not the same the other way round")
	}
}

// Rows are there before the total counts them.
func TestATotalThatLags(t *testing.T) {
	t.Parallel()
	c := simulator.Config{Groups: 1, ActionsPerGroup: 10, LiveRate: 1}
	c.Faults.LagTotal = 30 * time.Second
	w := newWorld(t, c)
	id := w.firstGroup()
	w.clock.forward(time.Minute)
	if p := w.logs(id, "limit", "100"); len(p.Records) != 70 || p.Total < 38 || p.Total > 42 {
		t.Errorf("%d rows, total %d", len(p.Records), p.Total)
	}
	c.Faults = simulator.Faults{LagRequests: 2}
	w = newWorld(t, c)
	for i, want := range []int{20, 20, 20, 30} {
		w.clock.forward(10 * time.Second)
		if p := w.logs(id, "limit", "100"); len(p.Records) != 20+10*i || p.Total != want {
			t.Errorf("request %d: %d rows, total %d", i, len(p.Records), p.Total)
		}
	}
}

// A row comes into a closed span while its pages are read, in its place and not
// at the head; the truth has it.
func TestDriftInAClosedSpan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 200, Faults: simulator.Faults{DriftClosed: 1}})
	g := w.group(0)
	span := []string{"start_time", stamp(g.Actions[180].Start), "end_time", stamp(g.Actions[20].Start), "limit", "10"}
	first := w.logs(g.ID, span...)
	second := w.logs(g.ID, append(span, "start_number", "10")...)
	if second.Total != first.Total+1 || w.logs(g.ID, span...).Total != second.Total {
		t.Errorf("total %d then %d", first.Total, second.Total)
	}
	if p := w.logs(g.ID, "start_number", "10"); p.Total != 201 {
		t.Errorf("%d in all", p.Total)
	}
	sameAsTruth(t, w.group(0), w.walk(g.ID))
}

// The history that is shown late is nowhere at first, and in its place in time.
func TestHistoryThatIsShownLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 2, ActionsPerGroup: 300, Faults: simulator.Faults{LatePast: 0.2, LatePastBy: 10 * time.Hour}})
	before := w.group(0)
	w.clock.forward(5 * time.Hour)
	between := w.group(0)
	w.clock.forward(5 * time.Hour)
	after := w.group(0)
	if a, b, c := len(before.Actions), len(between.Actions), len(after.Actions); a > 270 || b < a+10 || c < b+10 || c != 300 {
		t.Errorf("%d, then %d, then %d", a, b, c)
	}
	sameAsTruth(t, after, w.walk(after.ID))
	for _, a := range after.Actions {
		late := !slices.ContainsFunc(before.Actions, func(b simulator.ActionTruth) bool { return b.ID == a.ID })
		if since := a.States[0].Since; late != since.After(born) || !a.Start.Before(born) {
			t.Errorf("late %v, shown since %s", late, since)
		}
	}
}

// An action that two groups list is the same, byte for byte, in both.
func TestAnActionThatTwoGroupsList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 3, ActionsPerGroup: 100, LiveRate: 1, Faults: simulator.Faults{Twice: 0.3, Late: 0.3}})
	w.clock.forward(10 * time.Minute)
	texts, twice := map[string]string{}, 0
	for _, g := range w.Truth().Groups {
		for _, r := range w.walk(g.ID) {
			if was, ok := texts[r.ID]; ok {
				if twice++; was != r.Raw {
					t.Errorf("two texts:\n%s\n%s", was, r.Raw)
				}
			}
			texts[r.ID] = r.Raw
		}
		sameAsTruth(t, g, w.walk(g.ID))
	}
	if share := float64(twice) / float64(len(texts)); share < 0.2 || share > 0.4 {
		t.Errorf("%d of %d in two groups", twice, len(texts))
	}
}
