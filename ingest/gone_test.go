package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// What breaks: a group that was quiet acts, and is deleted before the next poll;
// it then answers with an empty list, and only later two lists lack it.
// What must hold: the time since the last list that had it is a gap (gone), not
// covered; what was covered by then stays so, and no request is spent on it.
func TestAQuietGroupThatIsDeletedIsNotCoveredUnread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		list := func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.listed = time.Now()
		}
		end := m.side(m.fleet(), 3*time.Hour)
		for range 360 { // an hour
			wait(t, 10*time.Second)
			list()
		}
		last, before := m.get("g").Covered.End(), c.sent()
		wait(t, time.Second)
		unread := second(time.Now())
		wait(t, 2*time.Minute) // polled, and empty
		if got := m.get("g"); !got.Covered.Contains(Span{From: unread, To: unread.Add(time.Second)}) {
			t.Fatalf("no poll has covered %s yet: %v", unread, got.Covered)
		}
		g := m.get("g")
		gone := time.Now()
		g.GoneAt = &gone
		m.set(g)
		wait(t, 5*time.Minute)
		if n := c.sent() - before; n > 4 {
			t.Errorf("%d requests for two polls and a last read", n)
		}
		g = m.get("g")
		gap := Span{From: unread, To: second(gone)}
		if !g.Parked || !g.Lost.Contains(gap) || !g.Covered.Contains(Span{From: g.TailFrom, To: last}) {
			t.Errorf("parked %v; listed until %s, gone at %s: covered %v, lost %v", g.Parked, unread, gone, g.Covered, g.Lost)
		}
		if len(g.Covered.Add(g.Lost...)) != 1 || g.Covered.End().After(unread) {
			t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
		}
		end()
	})
}

// What breaks: a group is gone for an hour, and is listed again with more new
// rows than a pass takes, some of them from just before it was gone.
// What must hold: all of it is read, and the gap (gone) closes; after a restart
// while it is away as well.
func TestAGroupThatIsBackIsReadFromBeforeItWasGone(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			m := newMemory(t, c, tailed("g"))
			c.add("g", every("a", time.Now().Add(-time.Hour), 100, 30*time.Second)...)
			end := m.side(m.fleet(), time.Hour)
			wait(t, 30*time.Minute)
			hide := func(away bool) {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.weather = nil
				if away {
					c.weather = func(int, string, Query) error { return ErrNoGroup }
				}
			}
			hide(true)
			left := time.Now()
			wait(t, 5*time.Minute)
			g := m.get("g")
			g.GoneAt = ptr(time.Now())
			m.set(g)
			wait(t, time.Minute)
			if g = m.get("g"); !g.Parked || len(g.LostGone) == 0 {
				t.Fatalf("parked %v, lost %v", g.Parked, g.LostGone)
			}
			if restart {
				end()
				end = m.side(m.fleet(), 2*time.Hour)
				wait(t, time.Minute)
			}
			c.add("g", every("b", left, 3000, time.Second/2)...)
			hide(false)
			g.GoneAt = nil
			m.set(g)
			wait(t, 20*time.Minute)
			if g = m.get("g"); len(g.LostGone) > 0 || g.Parked {
				t.Errorf("parked %v, still lost %v; covered %v", g.Parked, g.LostGone, g.Covered)
			}
			end()
			m.requireAll("g")
			m.requireLag("g", 3*time.Minute)
		})
	}
}

// What breaks: the configuration names other groups, also while a group's past
// is being read, and later names it again.
// What must hold: it is not asked for in between, and nothing of it is called
// lost; named again it goes on where it was.
func TestAGroupThatIsNotNamedIsNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = 10 * time.Second
		g := tailed("g")
		g.From = g.From.Add(-24 * time.Hour)
		g.TailFrom = g.From
		c.add("g", every("a", g.From, 40000, 2*time.Second)...)
		m := newMemory(t, c, g)
		f := m.fleet()
		d := &desk{m: m, quarantine: map[string][]string{}}
		f.Desk = d
		end := m.side(f, 8*time.Hour)
		wait(t, 5*time.Minute)
		d.ask(checkpoint.CommandBackfill, false, Span{From: g.From, To: second(time.Now())}, "g")
		wait(t, 5*time.Minute)
		named := func(yes bool) {
			g := m.get("g")
			g.Unnamed = !yes
			m.set(g)
		}
		named(false)
		wait(t, time.Minute)
		before := c.sent()
		wait(t, time.Hour)
		if n := c.sent() - before; n > 0 {
			t.Errorf("%d requests", n)
		}
		if g := m.get("g"); len(g.Lost) > 0 || g.Parked {
			t.Errorf("parked %v, lost %v", g.Parked, g.Lost)
		}
		named(true)
		end()
		m.requireAll("g")
		m.requireLag("g", 3*time.Minute)
	})
}
