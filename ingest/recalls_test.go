package ingest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// Many groups, in which more happens than there is room to remember, some of them
// with a past to read. What must hold: what they remember together stays below the
// bound, some of it is of use, and nothing of it is left when they are.
func TestLaw09WhatWorkersRememberTogetherIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const room = 1000
		c := newCloud()
		var groups []checkpoint.Group
		for i := range 12 {
			g := tailed(fmt.Sprint("g", i))
			if i%4 == 0 {
				g = found(g.ID, 30*day)
				c.add(g.ID, every("past", time.Now().Add(-20*day), 250, time.Hour)...)
			}
			groups = append(groups, g)
			c.add(g.ID, every("a", time.Now().Add(-time.Hour), 1800, 4*time.Second)...)
		}
		m := newMemory(t, c, groups...)
		f := m.fleet()
		f.Recalls = NewRecalls(room * rowTakes)
		end := m.side(f, 30*time.Minute)
		least := int64(room)
		for range 29 * 60 {
			wait(t, time.Second)
			left := f.Recalls.room.Load()
			if least = min(least, left); left < 0 {
				t.Errorf("room for %d", left)
				break
			}
		}
		end()
		if left := f.Recalls.room.Load(); least > room/2 || left != room {
			t.Errorf("room for %d at the least, and for %d at the end", least, left)
		}
		for _, g := range groups {
			m.requireLag(g.ID, 2*time.Minute)
		}
	})
}

// A group whose whole span fits a page is read by one request in any case: it
// remembers nothing.
func TestAPageIsNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("a", time.Now().Add(-time.Minute), 60, time.Second)...)
		w := m.reader("g")
		if err := w.tail(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w.recall != nil {
			t.Errorf("%d rows", len(w.recall.rows))
		}
	})
}
