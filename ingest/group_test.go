package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// side runs the fleet beside the test, until the test's end.
func (m *memory) side(f *Fleet, d time.Duration) (end func()) {
	done := make(chan error, 1)
	go func() { done <- m.run(f, d) }()
	return func() {
		m.t.Helper()
		if err := <-done; err != nil {
			m.t.Error(err)
		}
	}
}

// wait lets so much time pass, until nothing moves.
func wait(t *testing.T, d time.Duration) {
	pause(t.Context(), d)
	synctest.Wait()
}

// After a day away there are 40,000 actions to catch up with, at 10 seconds a
// request, which takes longer than this test looks: what happens now is stored within two minutes nevertheless.
func TestANewActionDoesNotWaitForAnOldOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = 10 * time.Second
		g := tailed("g")
		g.From = g.From.Add(-24 * time.Hour)
		g.TailFrom = g.From
		m := newMemory(t, c, g)
		c.add("g", every("a", g.From, 40000, 2*time.Second)...)
		end := m.side(m.fleet(), 3*time.Hour)
		wait(t, 5*time.Minute)
		for range 5 {
			e := &event{id: "now" + time.Now().String(), start: time.Now().Truncate(time.Second)}
			c.add("g", e)
			wait(t, 2*time.Minute)
			m.mu.Lock()
			if _, ok := m.stored["g"][e.id]; !ok {
				t.Errorf("%s is not stored after 2 minutes", e.id)
			}
			m.mu.Unlock()
		}
		end()
		m.requireAll("g")
		m.requireLag("g", 3*time.Minute)
	})
}

// A hint is followed at once, and a group that scales is polled fast until it
// rests; a quiet one is polled once a minute.
func TestHintsAndRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		end := m.side(m.fleet(), 3*time.Hour)
		wait(t, time.Hour)
		if n := c.sent(); n < 58 || n > 62 {
			t.Errorf("%d requests in a quiet hour", n)
		}
		begun := time.Now()
		c.add("g", &event{id: "e", start: time.Now(), ends: time.Now().Add(4 * time.Minute)})
		g := m.get("g")
		g.Scaling, g.HintedAt = true, &begun
		m.set(g)
		wait(t, 2*time.Second)
		if m.status("g", "e") != "DOING" {
			t.Error("hinted, and not read within two seconds")
		}
		wait(t, 4*time.Minute+30*time.Second)
		m.requireAll("g")
		wait(t, time.Hour) // is_scaling stays, nothing new comes
		before := c.sent()
		wait(t, 30*time.Minute)
		if n := c.sent() - before; n > 31 {
			t.Errorf("%d requests in half an hour of a group that scales without a new row", n)
		}
		end()
	})
}

// An action stays open for two days: it is asked for by its id, ever less
// often, and its end is found.
func TestALongActionIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", &event{id: "long", start: time.Now().Truncate(time.Second), ends: time.Now().Add(48 * time.Hour)},
			&event{id: "never", start: time.Now().Truncate(time.Second), ends: time.Now().Add(1000 * time.Hour)})
		if err := m.run(m.fleet(), 54*time.Hour); err != nil {
			t.Fatal(err)
		}
		if got := m.status("g", "long"); got != "SUCCESS" {
			t.Errorf("stored as %q six hours after its end", got)
		}
		byID := 0
		for _, q := range c.asked {
			if q.LogID != "" {
				byID++
			}
		}
		if byID > 150 {
			t.Errorf("%d requests for two ids", byID)
		}
		if err := m.run(m.fleet(), 130*time.Hour); err != nil {
			t.Fatal(err)
		}
		before := c.sent()
		if err := m.run(m.fleet(), 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, q := range c.asked[before:] {
			if q.LogID != "" {
				t.Fatal("still asked for after ten days")
			}
		}
	})
}

// A group goes and comes back. While it is gone nothing is asked and nothing
// is called covered; the time between is lost, and said to be.
func TestAGroupGoesAndComesBack(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"empty", "no group"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud()
				m := newMemory(t, c, tailed("g"))
				c.add("g", every("a", time.Now().Add(-time.Hour), 200, 60*time.Second)...)
				end := m.side(m.fleet(), 8*time.Hour)
				wait(t, time.Hour)
				c.mu.Lock()
				log := c.log["g"]
				c.log["g"] = nil
				if answer != "empty" {
					c.weather = func(int, string, Query) error { return ErrNoGroup }
				}
				c.mu.Unlock()
				left := m.get("g").Covered.End()
				wait(t, 3*time.Minute) // polled, before two lists have missed it
				g := m.get("g")
				gone := time.Now()
				g.GoneAt = &gone
				m.set(g)
				wait(t, 5*time.Minute)
				before := c.sent()
				wait(t, time.Hour)
				if g = m.get("g"); !g.Parked || c.sent() > before {
					t.Errorf("parked: %v, %d requests", g.Parked, c.sent()-before)
				}
				if last := g.Covered.End(); last.After(left) {
					t.Errorf("covered up to %s, but the last that answered was at %s", last, left)
				}
				if end := g.Covered.Add(g.Lost...).End(); end.Before(gone.Truncate(time.Second)) || end.After(gone.Add(time.Second)) {
					t.Errorf("gone at %s, left at %s: covered %v, lost %v", gone, left, g.Covered, g.Lost)
				}
				c.mu.Lock()
				c.log["g"], c.weather = log, nil
				c.mu.Unlock()
				g.GoneAt = nil
				m.set(g)
				end()
				if m.get("g").Parked {
					t.Error("still parked")
				}
				m.requireAll("g")
				m.requireLag("g", 2*time.Minute)
			})
		})
	}
}

// A group that was gone before anybody read it: its whole life is lost, whether
// it says that there is no such group or answers with an empty list.
func TestAGroupThatWentUnread(t *testing.T) {
	t.Parallel()
	for _, weather := range []func(int, string, Query) error{nil, func(int, string, Query) error { return ErrNoGroup }} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			g := found("g", 24*time.Hour)
			g.GoneAt = ptr(time.Now().Add(-time.Hour).Truncate(time.Second))
			m := newMemory(t, c, g)
			c.weather = weather
			if err := m.run(m.fleet(), time.Hour); err != nil {
				t.Fatal(err)
			}
			life := Span{From: g.Created.Truncate(time.Second), To: *g.GoneAt}
			if got := m.get("g"); !got.Parked || !got.Lost.Contains(life) || len(got.Covered) > 0 {
				t.Errorf("parked %v, covered %v, lost %v", got.Parked, got.Covered, got.Lost)
			}
		})
	}
}

// The API keeps 30 days. What is before a group's oldest record is lost where
// the group is older than that, and empty where it is not.
func TestAnEmptyPastIsJudgedByTheHorizon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		day := 24 * time.Hour
		c := newCloud()
		m := newMemory(t, c, found("ancient", 90*day), found("young", 20*day), found("silent", 10*day))
		c.add("ancient", every("a", time.Now().Add(-30*day), 300, 2*time.Hour)...)
		c.add("young", every("y", time.Now().Add(-15*day), 20, 2*time.Hour)...)
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"ancient", "young", "silent"} {
			m.requireAll(id)
			m.requireLag(id, 2*time.Minute)
		}
		lost := Span{From: second(*m.get("ancient").Created), To: c.log["ancient"][len(c.log["ancient"])-1].start}
		if g := m.get("ancient"); !g.Lost.Contains(lost) || g.Lost.Length() > lost.Length() {
			t.Errorf("lost %v, want %v", g.Lost, lost)
		}
		if y, s := m.get("young"), m.get("silent"); len(y.Lost)+len(s.Lost) > 0 {
			t.Errorf("lost %v and %v", y.Lost, s.Lost)
		}
	})
}

// Nothing says when the group was made: its oldest record does.
func TestTheOldestRecordIsWhereAPastWithoutADateBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = time.Millisecond
		g := found("g", 0)
		g.Created = nil
		m := newMemory(t, c, g, checkpoint.Group{ID: "empty", Source: "s"})
		c.add("g", every("a", time.Now().Add(-40*24*time.Hour), deepest+2000, time.Minute)...)
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if got := m.get("g"); !got.From.Equal(c.log["g"][len(c.log["g"])-1].start) {
			t.Errorf("wanted from %s; the oldest started %s", got.From, c.log["g"][len(c.log["g"])-1].start)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
		m.requireLag("empty", 2*time.Minute)
		// One more for each piece asks whether what is as old is still shown.
		if n := c.requests[Backfill]; n > 348*107/100+10+14 {
			t.Errorf("%d requests for 348 pages", n)
		}
	})
}
