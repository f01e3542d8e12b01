package ingest

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: the only action that is known of before a piece, at which the
// piece begins, is forgotten before the piece is read, with others behind it.
// What must hold: what came back is not called all that there was.
func TestLaw02TheOneThatVouchesIsForgottenMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("g", 30*day))
		now := time.Now().Truncate(time.Second)
		lone := now.Add(-20 * day)
		c.add("g", &event{id: "lone", start: lone})
		c.add("g", every("a", now.Add(-14*day), maxRows+1000, 2*time.Minute)...)
		c.add("other", &event{id: "o", start: now.Add(-29 * day)})
		m.set(found("other", 29*day))
		f := m.fleet()
		f.Counter = m
		var forgot atomic.Bool
		c.weather = func(_ int, group string, q Query) error {
			if group == "g" && q.From.Equal(lone.Add(-time.Second)) && m.status("g", "lone") != "" && !forgot.Swap(true) {
				c.mu.Lock()
				defer c.mu.Unlock()
				for _, e := range c.log["g"] {
					if e.start.Before(now.Add(-12 * day)) {
						e.expires = time.Now()
					}
				}
			}
			return nil
		}
		if err := m.run(f, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		g := m.get("g")
		missing := false
		for _, e := range c.log["g"] {
			if m.status("g", e.id) == "" {
				missing = true
				if g.Covered.Contains(Span{From: e.start, To: e.start.Add(time.Second)}) {
					t.Fatalf("covered %v without %s, which started at %s", g.Covered, e.id, e.start)
				}
			}
		}
		if !forgot.Load() || !missing || len(g.Lost) == 0 {
			t.Errorf("forgotten %v, missing %v, lost %v", forgot.Load(), missing, g.Lost)
		}
	})
}
