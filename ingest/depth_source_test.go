package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// What breaks: the API takes less deep an offset than its makers say. What must
// hold: one group finds it, to the row and never less than a page, the others of
// its source need not, and after a while it is found anew.
func TestADepthIsFoundOnceForASource(t *testing.T) {
	t.Parallel()
	for refuses, depth := range map[int]int{1050: 1049, 1001: 1000, 101: 100} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			m := newMemory(t, c, tailed("g"), tailed("h"))
			for _, id := range []string{"g", "h"} {
				c.add(id, every(id, time.Now().Add(-50*time.Minute), 1500, time.Second)...)
			}
			c.refuses = refuses
			f := m.fleet()
			for _, id := range []string{"g", "h"} {
				w := f.worker(f.Sources["s"], checkpoint.Lease{Epoch: 1}, time.Now(), m.get(id))
				if id == "h" && w.depth() != depth {
					t.Errorf("%d refused: another group thinks it %d deep", refuses, w.depth())
				}
				for range 3 {
					_ = w.tail(t.Context())
				}
				if w.depth() != depth {
					t.Errorf("%d refused: %d deep for %s", refuses, w.depth(), id)
				}
			}
			time.Sleep(depthHolds)
			if again := f.Horizons.depth("s"); again != deepest {
				t.Errorf("%d refused: still thought %d deep", refuses, again)
			}
		})
	}
}

// What breaks: many pages of many groups are refused as too deep at once. What
// must hold: one of them looks for the depth, and the others wait for what it finds.
func TestLaw10OneLooksForTheDepthOfASource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.refuses = 501
		m := newMemory(t, c)
		for i, id := range []string{"g", "h", "i", "j"} {
			g := tailed(id)
			g.From = g.From.Add(-24 * time.Hour)
			m.set(g)
			c.add(id, every(id, g.From, 700*(i+1), 20*time.Second)...)
		}
		if err := m.run(m.fleet(), depthHolds-time.Minute); err != nil {
			t.Fatal(err)
		}
		looked := 0
		for _, q := range c.asked {
			if q.Limit == 1 && q.Start > 0 {
				looked++
			}
		}
		if looked > 20 { // twelve, and what is behind a last full page
			t.Errorf("%d requests look for the depth", looked)
		}
		for _, id := range []string{"g", "h", "i", "j"} {
			m.requireAll(id)
			m.requireLag(id, 2*time.Minute)
		}
	})
}
