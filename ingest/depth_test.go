package ingest

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: a page further down is denied for a moment, or refused once as an
// offset. What must hold: neither lowers how deep the API is thought to be.
func TestAPassingDenialIsNoDepth(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{"denied": ErrRefused, "refused once": fmt.Errorf("%w: %w", ErrOffset, ErrRefused)} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			m := newMemory(t, c, tailed("g"))
			c.add("g", every("a", time.Now().Add(-50*time.Minute), 500, time.Second)...)
			denied, again := 0, 1
			if !errors.Is(cause, ErrOffset) {
				again = 3 // and the first two of the halving
			}
			c.weather = func(_ int, _ string, q Query) error {
				if q.Start >= 100 && denied < again {
					denied++
					return cause
				}
				return nil
			}
			w := m.reader("g")
			for range 4 {
				_ = w.tail(t.Context())
			}
			if w.depth() != deepest || denied != again {
				t.Errorf("%s: %d deep after %d denials", name, w.depth(), denied)
			}
			m.requireAll("g")
		})
	}
}
