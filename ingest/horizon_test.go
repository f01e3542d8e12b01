package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// What a source showed last month it may have forgotten: the horizon moves on
// with the clock.
func TestTheHorizonMovesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		h := &Horizons{}
		h.note("s", 30*day)
		h.note("s", time.Hour) // a younger row takes nothing back
		time.Sleep(20 * day)
		ago := func(d time.Duration) *time.Time { at := time.Now().Add(-d); return &at }
		for _, c := range []struct {
			name    string
			created *time.Time
			empty   bool
		}{
			{"after the horizon", ago(29 * day), true},
			{"before it, after the oldest row that was ever shown", ago(35 * day), false},
			{"before all", ago(60 * day), false},
			{"not told", nil, false},
		} {
			if empty, decided := h.empty("s", c.created); empty != c.empty || !decided {
				t.Errorf("%s: empty %v, decided %v", c.name, empty, decided)
			}
		}
		if empty, _ := h.empty("another", ago(time.Hour)); empty {
			t.Error("a source that has shown nothing has no horizon")
		}
	})
}

// What breaks: nobody reads for sixty days, of which the API has forgotten the
// first thirty. What must hold: those are lost, and said to be; the rest is read.
func TestLaw02ALongerAbsenceThanTheAPIRemembers(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{20, 5000} { // read by the tail, or left to the backfill
		synctest.Test(t, func(t *testing.T) {
			const day = 24 * time.Hour
			c := newCloud()
			g := tailed("g")
			left := g.TailFrom.Add(-60 * day)
			g.From, g.TailFrom, g.Created = left.Add(-20*day), left.Add(-10*day), ptr(left.Add(-20*day))
			g.Covered, g.Oldest, g.Age = g.Covered.Add(Span{From: g.From, To: left}), ptr(g.From), 30*day
			m := newMemory(t, c, g)
			c.add("g", every("a", time.Now().Add(-30*day), rows, 29*day/time.Duration(rows))...)
			odd := found("odd", day) // has a row with a stamp from before its group was made
			odd.Known, odd.From, odd.TailFrom = true, time.Now().Add(-100*day).Truncate(time.Second), time.Now().Truncate(time.Second)
			m.set(odd)
			c.add("odd", &event{id: "odd", start: time.Now().Add(-90 * day).Truncate(time.Second)})
			if err := m.run(m.fleet(), 12*time.Hour); err != nil {
				t.Fatal(err)
			}
			m.requireAll("g")
			m.requireLag("g", 2*time.Minute)
			forgotten := Span{From: left, To: time.Now().Add(-31 * day).Truncate(time.Second)}
			if got := m.get("g"); !got.Lost.Contains(forgotten) || got.Lost.Length() > 31*day {
				t.Errorf("%d rows: covered %v, lost %v", rows, got.Covered, got.Lost)
			}
		})
	}
}

// What breaks: a shard passes on to another process before one of its groups has
// shown how far back it goes. What must hold: the past of the groups that are
// still read here is judged at once, for that group will show nothing here.
func TestAPastDoesNotWaitForAGroupThatWasPassedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		horizons := &Horizons{}
		former := newMemory(t, c, found("passed", 90*day))
		f := former.fleet()
		f.Horizons = horizons
		if err := former.run(f, c.latency/5); err != nil { // it has not answered by then
			t.Fatal(err)
		}
		m := newMemory(t, c, found("ancient", 90*day))
		c.add("ancient", every("a", time.Now().Add(-30*day), 300, 2*time.Hour)...)
		f = m.fleet()
		f.Horizons = horizons
		if err := m.run(f, time.Minute); err != nil {
			t.Fatal(err)
		}
		m.requireLag("ancient", 2*time.Minute)
		if g := m.get("ancient"); len(g.Lost) != 1 {
			t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
		}
	})
}
