package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// 6,000 actions start in one second while the group is followed: all are
// stored; or, where the API lets nobody page that far, all that can be reached,
// and exactly that second is a gap. The time around it is covered.
func TestALiveSecondWith6000Actions(t *testing.T) {
	t.Parallel()
	for name, refuses := range map[string]int{
		"within reach": 0, "just within reach": 5902, "just out of reach": 5800, "shorter than a pass": 1200,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud()
				c.refuses = refuses
				m := newMemory(t, c, tailed("g"))
				at := time.Now().Add(10 * time.Minute).Truncate(time.Second)
				c.add("g", every("full", at, 6000, 0)...) // and one of those below
				c.add("g", every("a", time.Now().Add(-time.Hour), 200, 30*time.Second)...)
				if err := m.run(m.fleet(), 45*time.Minute); err != nil {
					t.Fatal(err)
				}
				m.requireLag("g", 2*time.Minute)
				g := m.get("g")
				second := Span{From: at, To: at.Add(time.Second)}
				if refuses == 0 || refuses > 5901 {
					m.requireAll("g")
					if !g.Covered.Contains(second) || len(g.Lost) > 0 {
						t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
					}
					return
				}
				if !g.Lost.Contains(second) || g.Lost.Length() > time.Second || len(g.Covered.Add(g.Lost...)) != 1 {
					t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
				}
				if n := len(m.stored["g"]); n < refuses+99 {
					t.Errorf("%d are stored", n)
				}
				for _, e := range c.log["g"] {
					if e.start.Before(time.Now().Add(-2*time.Minute)) && !second.Has(e.start) && m.status("g", e.id) == "" {
						t.Errorf("%s, beside the second, is not stored", e.id)
					}
				}
			})
		})
	}
}

// 45,000 actions of one group in the six hours before reading began: all are
// stored, without a gap.
func Test45000ActionsInThePastSixHours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("g", 8*time.Hour))
		c.add("g", &event{id: "first", start: time.Now().Add(-8 * time.Hour).Truncate(time.Second)})
		c.add("g", every("a", time.Now().Add(-7*time.Hour), 45_000, 480*time.Millisecond)...)
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
		if g := m.get("g"); len(g.Lost)+len(g.Covered) != 1 {
			t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
		}
	})
}

// 45,000 actions of one group in six hours, live, each open for a minute: all
// are stored as they ended, without a gap.
func Test45000ActionsInSixHours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = time.Second
		m := newMemory(t, c, tailed("g"))
		events := every("a", time.Now(), 45_000, 480*time.Millisecond)
		for _, e := range events {
			e.ends = e.start.Add(time.Minute)
		}
		c.add("g", events...)
		f := m.fleet()
		f.Follow = time.Minute
		if err := m.run(f, 6*time.Hour+15*time.Minute); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		if n := c.requests[Tail] + c.requests[Follow]; n > 4800 { // a poll is three pages of news, and asks what is open; every fifth is of all the overlap
			t.Errorf("%d requests in 375 polls", n)
		}
		m.requireLag("g", 2*time.Minute)
		if g := m.get("g"); len(g.Lost)+len(g.Covered) != 1 {
			t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
		}
	})
}

// What breaks: the API refuses a start_number of 1,200; after an hour it does
// not. What must hold: the gap of a second that is longer closes when somebody
// has it read again.
func TestAGapOfOneSecondClosesWhenALaterReadProvesIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.refuses = 1200
		m := newMemory(t, c, tailed("g"))
		at := time.Now().Add(-10 * time.Minute).Truncate(time.Second)
		c.add("g", every("full", at, 3000, 0)...)
		f := m.fleet()
		d := &desk{m: m, quarantine: map[string][]string{}}
		f.Desk = d
		if err := m.run(f, time.Hour); err != nil {
			t.Fatal(err)
		}
		second := Span{From: at, To: at.Add(time.Second)}
		if g := m.get("g"); !g.Lost.Contains(second) || g.Covered.Contains(second) {
			t.Fatalf("covered %v, lost %v", g.Covered, g.Lost)
		}
		c.refuses = 0
		d.ask(checkpoint.CommandBackfill, false, Span{From: at.Add(-time.Minute), To: at.Add(time.Minute)}, "g")
		if err := m.run(f, time.Hour); err != nil {
			t.Fatal(err)
		}
		if g := m.get("g"); len(g.Lost) > 0 || len(g.Covered) != 1 {
			t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
		}
		m.requireAll("g")
	})
}

// What breaks: the total lags by a minute, and is exactly a page when there are
// fifty rows more. What must hold: those behind the page are not taken for
// absent, and a minute later all are read.
func TestATotalThatLagsHidesNothingBehindAFullPage(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			c.lag = time.Minute
			m := newMemory(t, c, tailed("g"))
			c.add("g", every("new", time.Now().Add(-30*time.Minute), 100, 5*time.Second)...)
			for _, e := range every("late", time.Now().Add(-50*time.Minute), 50, 5*time.Second) {
				e.shown = time.Now()
				c.add("g", e)
			}
			w := m.reader("g")
			read := func() {
				var err error
				if closed {
					err = w.readSpan(t.Context(), Tail, Span{From: m.get("g").From, To: second(time.Now().Add(-10 * time.Second))}, func(result) error { return nil })
				} else {
					err = w.tail(t.Context())
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			read()
			late := Span{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-45 * time.Minute)}
			for _, e := range c.log["g"] {
				if m.status("g", e.id) == "" && m.get("g").Covered.Contains(Span{From: e.start, To: e.start.Add(time.Second)}) {
					t.Fatalf("closed %v: %s is covered, and not stored", closed, late)
				}
			}
			pause(t.Context(), 2*time.Minute)
			read()
			m.requireAll("g")
		})
	}
}

// Nothing says when the group was made, and the API answers oldest first: its
// past begins with its oldest row all the same.
func TestAPastWithoutADateBeginsWithTheOldestRowInEitherOrder(t *testing.T) {
	t.Parallel()
	for _, ascending := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			c.ascending = ascending
			g := found("g", 0)
			g.Created = nil
			m := newMemory(t, c, g)
			oldest := time.Now().Add(-20 * day).Truncate(time.Second)
			c.add("g", every("a", oldest, 950, 30*time.Minute)...)
			if err := m.run(m.fleet(), time.Hour); err != nil {
				t.Fatal(err)
			}
			if got := m.get("g").From; !got.Equal(oldest) {
				t.Errorf("ascending %v: wanted from %s, the oldest started %s", ascending, got, oldest)
			}
			m.requireAll("g")
			m.requireLag("g", 2*time.Minute)
		})
	}
}
