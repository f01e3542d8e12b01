package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: a lesser depth that was known of the source is believed no more
// while the group's oldest row is looked for. What must hold: what that depth
// led to is not taken for the oldest of all.
func TestTheOldestIsFoundThoughADepthRunsOutMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		first := time.Now().Add(-24 * time.Hour)
		c.add("g", every("a", first, 3000, 20*time.Second)...)
		w := m.reader("g")
		w.horizons.refused("s", 500)
		time.Sleep(depthHolds - time.Second)
		c.weather = func(_ int, _ string, q Query) error {
			if q.Start == 500 {
				pause(t.Context(), 2*time.Second)
			}
			return nil
		}
		oldest, err := w.findOldest(t.Context(), nil)
		if err != nil || oldest == nil || !oldest.Equal(first) {
			t.Errorf("the oldest is of %v, not of %s: %v", oldest, first, err)
		}
	})
}
