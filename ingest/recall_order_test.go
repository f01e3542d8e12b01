package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// The list comes oldest first, and its first page is of one second: no order can
// be seen on it. One row comes as another goes. What must hold: new ground is not
// called covered by a page of old rows (memory.judge says so).
func TestLaw02APageOfOneSecondTellsNoOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.ascending = true
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("burst", time.Now().Add(-5*time.Minute).Truncate(time.Second), 150, time.Millisecond)...)
		c.add("g", every("a", time.Now().Add(-4*time.Minute), 50, time.Second)...)
		w := m.reader("g")
		for range 3 {
			if err := w.tail(t.Context()); err != nil {
				t.Fatal(err)
			}
			wait(t, time.Minute)
			c.mu.Lock()
			for _, e := range c.log["g"] {
				if e.id[0] == 'a' && e.expires.IsZero() {
					e.expires = time.Now()
					break
				}
			}
			c.mu.Unlock()
			c.add("g", &event{id: "new" + time.Now().String(), start: time.Now().Add(-10 * time.Second).Truncate(time.Second)})
		}
		if len(m.get("g").Covered) == 0 {
			t.Error("nothing is covered")
		}
	})
}
