package ingest

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func (m *memory) settling(stages ...time.Duration) *Fleet {
	f := m.fleet()
	f.Settle, f.Counter = stages, m
	return f
}

// settledTo is how far a group's pointer has come.
func (m *memory) settledTo(id string, stage time.Duration) time.Time { return m.get(id).Settled[stage] }

const day = 24 * time.Hour

// Five actions are shown half an hour after they started, when the tail has
// long passed: the first stage finds them within two hours, their lateness is
// measured, and from then on the tail's overlap reaches them by itself.
func TestSettleFindsWhatCameLateInItsFirstStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		now := time.Now().Truncate(time.Second)
		c.add("g", every("a", now, 40, 3*time.Minute)...)
		for i := range 5 {
			start := now.Add(20*time.Minute + time.Duration(i)*7*time.Second)
			c.add("g", &event{id: fmt.Sprint("late", i), start: start, shown: start.Add(30 * time.Minute)})
		}
		if err := m.run(m.settling(time.Hour, day), 150*time.Minute); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		if late := m.get("g").Lateness; late < time.Hour || late > 2*time.Hour+5*time.Minute {
			t.Errorf("measured a lateness of %s", late)
		}
		start := time.Now().Truncate(time.Second)
		c.add("g", &event{id: "again", start: start, shown: start.Add(time.Hour)})
		if err := m.run(m.settling(time.Hour, day), 62*time.Minute); err != nil {
			t.Fatal(err)
		}
		if m.status("g", "again") == "" {
			t.Error("the tail's overlap does not follow the lateness")
		}
	})
}

// One that is shown twelve hours late is found by the last stage. So is one
// that came as another, which is stored, was forgotten: the count was the same.
func TestTheLastStageFindsByIDs(t *testing.T) {
	t.Parallel()
	for _, swap := range []bool{false, true} {
		t.Run(fmt.Sprintf("swap %v", swap), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud()
				m := newMemory(t, c, tailed("g"))
				now := time.Now().Truncate(time.Second)
				events := every("a", now, 30, time.Minute)
				late := &event{id: "late", start: now.Add(700 * time.Second), shown: now.Add(12 * time.Hour)}
				if swap {
					events[15].expires = late.shown // in the middle: the oldest is still shown
				}
				c.add("g", events...)
				c.add("g", late)
				if err := m.run(m.settling(time.Hour, day), 23*time.Hour); err != nil {
					t.Fatal(err)
				}
				if m.status("g", "late") != "" {
					t.Fatal("found before the last stage: the test shows nothing")
				}
				if err := m.run(m.settling(time.Hour, day), 27*time.Hour); err != nil {
					t.Fatal(err)
				}
				if m.status("g", "late") == "" {
					t.Error("not found")
				}
				if len(m.stored["g"]) != 31 {
					t.Errorf("%d stored of 31", len(m.stored["g"]))
				}
			})
		})
	}
}

// The same count, and the oldest one is gone: retention has reached the span,
// and the first stage does not take the count for a proof.
func TestLaw02ACountSaysNothingWhereTheOldestIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		now := time.Now().Truncate(time.Second)
		shown := now.Add(40 * time.Minute)
		events := every("a", now, 20, time.Minute)
		events[0].expires = shown
		c.add("g", events...)
		c.add("g", &event{id: "late", start: now.Add(15 * time.Second), shown: shown})
		if err := m.run(m.settling(time.Hour, day), 150*time.Minute); err != nil {
			t.Fatal(err)
		}
		if m.status("g", "late") == "" {
			t.Error("not found in the first stage")
		}
	})
}

// The API keeps twelve hours: what it forgets stays stored and covered, but is
// not called settled; the pointers go on, and nothing is asked for in a loop.
func TestLaw02RetentionDeletesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		now := time.Now().Truncate(time.Second)
		events := every("a", now, 600, 5*time.Minute)
		for _, e := range events {
			e.expires = e.start.Add(12 * time.Hour)
		}
		c.add("g", events...)
		if err := m.run(m.settling(time.Hour, day), 50*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 3*time.Minute)
		if settled := within(m.settled["g"], Span{From: now, To: now.Add(time.Hour * 1000)}); settled.Length() > 0 {
			t.Errorf("settled although forgotten: %v", settled)
		}
		if to := m.settledTo("g", day); !to.After(now) {
			t.Errorf("the last pointer stands at %s", to)
		}
		if n := c.requests[Settle]; n > 70 {
			t.Errorf("%d requests in two days", n)
		}
	})
}

// A quiet group costs 25 requests a day, also with restarts: they go on from
// the pointers. What a backfill reads of longer ago costs none.
func TestLaw10SettleCostsFewRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("g", 60*day))
		c.add("g", every("old", time.Now().Add(-60*day), 390, 200*time.Minute)...)
		at := time.Now()
		for day := range 3 {
			before := c.requests[Settle]
			for range 3 {
				if err := m.run(m.settling(time.Hour, 24*time.Hour), 8*time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			if n := c.requests[Settle] - before; n > 27 {
				t.Errorf("%d requests on day %d", n, day)
			}
		}
		m.requireAll("g")
		if to := m.settledTo("g", time.Hour); time.Since(to) > 2*time.Hour+2*time.Minute {
			t.Errorf("the first pointer is %s behind", time.Since(to))
		}
		settled := Span{From: second(at), To: second(at.Add(day))}
		if !m.settled["g"].Contains(settled) {
			t.Errorf("settled %v, want %s in it", m.settled["g"], settled)
		}
		for _, q := range c.asked {
			if q.Limit == 1 && q.From.Before(at.Add(-26*time.Hour)) && !q.From.IsZero() {
				t.Errorf("asked again for %s, which was old when first read", q.From)
			}
		}
	})
}

// The daemon was away for five days. What the backfill reads of them is older
// than both stages then, and is not read twice.
func TestLaw10WhatWasOldWhenFirstReadNeedsNoSettling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := tailed("g")
		g.From = g.From.Add(-5 * day)
		g.TailFrom = g.From
		m := newMemory(t, c, g)
		c.add("g", every("a", g.From, 1400, 5*time.Minute)...)
		if err := m.run(m.settling(time.Hour, day), 30*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		if n := c.requests[Settle]; n > 36 { // an hour or a day has a page or three
			t.Errorf("%d requests for re-reads", n)
		}
	})
}

// The list does not stand still for a while: the pointer waits, and goes on.
func TestSettleWaitsForAnAPIThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		now := time.Now().Truncate(time.Second)
		c.add("g", every("a", now, 30, time.Minute)...)
		c.add("g", &event{id: "late", start: now.Add(610 * time.Second), shown: now.Add(time.Hour)})
		broken := true
		c.weather = func(_ int, _ string, q Query) error {
			if broken && !q.To.IsZero() {
				return ErrRefused
			}
			return nil
		}
		stands := []time.Time{}
		for range 2 {
			if err := m.run(m.settling(time.Hour, day), 2*time.Hour); err != nil {
				t.Fatal(err)
			}
			stands = append(stands, m.settledTo("g", time.Hour))
		}
		if slices.ContainsFunc(stands, func(at time.Time) bool { return at.After(now) }) || m.warned.Load() == 0 {
			t.Errorf("moved to %v without reading, %d warnings", stands, m.warned.Load())
		}
		broken = false
		if err := m.run(m.settling(time.Hour, day), 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
	})
}
