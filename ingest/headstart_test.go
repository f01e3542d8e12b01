package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// What breaks: of the page that a first poll read, one row was dropped as older
// than what is stored. What must hold: the page proves nothing of the past either.
func TestLaw02AStaleFirstPollBeginsNoPast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("g", 30*day))
		c.add("g", every("a", time.Now().Add(-20*day), 1000, 25*time.Minute)...)
		m.stale = func(b *Batch) int {
			if b.Begin != nil && len(b.Actions) > 0 {
				return 1
			}
			return 0
		}
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
	})
}

// Groups whose backfill has to wait, and which are polled meanwhile. What must
// hold: it begins with what the first poll read all the same, and afterwards
// nobody remembers that.
func TestABackfillThatWaitsBeginsWithTheFirstPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = 10 * time.Second
		var groups []checkpoint.Group
		for _, id := range []string{"a", "b", "c", "d"} {
			groups = append(groups, found(id, 30*day))
			c.add(id, &event{id: "first", start: time.Now().Add(-30 * day).Truncate(time.Second)})
			c.add(id, every("a", time.Now().Add(-20*day), 1000, 25*time.Minute)...)
			c.add(id, every("r", time.Now().Add(-18*time.Minute), 20, 50*time.Second)...)
		}
		m := newMemory(t, c, groups...)
		f := m.fleet()
		f.Sources["s"] = Source{API: c, Project: "p", Backfills: make(chan struct{}, 1)}
		if err := m.run(f, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			m.requireAll(g.ID)
			m.requireLag(g.ID, 3*time.Minute)
			if n := c.past[g.ID]; n > 11 {
				t.Errorf("%s: %d requests", g.ID, n)
			}
		}
	})
}

// The API hides what is open under an end time, and as many rows come late as it
// hides, so that the total stands. What must hold: those that came are stored.
func TestLaw02WhatIsHiddenDoesNotStandForWhatCameLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.hides = true
		m := newMemory(t, c, found("g", 30*day))
		now := time.Now().Truncate(time.Second)
		c.add("g", every("a", now.Add(-20*day), 1000, 25*time.Minute)...)
		newest := c.log["g"][999].start
		c.add("g", &event{id: "open", start: newest.Add(-time.Hour - time.Second), ends: now.Add(time.Hour)})
		c.add("g", &event{id: "late", start: newest.Add(-2*time.Hour - time.Second), shown: now.Add(60 * time.Millisecond)})
		if err := m.run(m.fleet(), 8*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
	})
}
