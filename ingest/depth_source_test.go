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
