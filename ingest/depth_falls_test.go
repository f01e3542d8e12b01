package ingest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: while a group's past is read, another group of its source finds
// that the API takes less deep an offset than was thought. What must hold:
// wherever the reading was, nothing is covered unread, and no hour is given up
// for a second that is too full.
func TestLaw02ADepthThatAnotherGroupFindsMeanwhile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at        int // offset of the page during which it is found
		exclusive bool
	}{
		"before the first page":                {at: 0},
		"before the first page, edges are out": {at: 0, exclusive: true},
		"behind the first page":                {at: 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			c.exclusive = test.exclusive
			g := tailed("g")
			g.From = g.From.Add(-24 * time.Hour)
			m := newMemory(t, c, g)
			c.add("g", every("a", g.From, 3000, 20*time.Second)...)
			f := m.fleet()
			var found atomic.Bool
			c.weather = func(_ int, _ string, q Query) error {
				if !q.To.IsZero() && q.Start >= test.at && !found.Swap(true) {
					f.Horizons.refused("s", 500)
				}
				if found.Load() && q.Start > 500 {
					return fmt.Errorf("AS.9003: %w: %w", ErrOffset, ErrRefused)
				}
				return nil
			}
			if err := m.run(f, 2*time.Hour); err != nil {
				t.Fatal(err)
			}
			m.requireAll("g")
			m.requireLag("g", 2*time.Minute)
			if g := m.get("g"); len(g.Lost) > 0 || len(g.Covered) != 1 || !found.Load() {
				t.Errorf("%s: covered %v, lost %v", name, g.Covered, g.Lost)
			}
		})
	}
}
