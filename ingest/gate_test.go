package ingest

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: a shard stands still for an hour. What must hold: its groups are
// not asked for, for that would spend the budget on what nobody takes; once it
// goes on, so does everything, with no group left out.
func TestNothingIsReadWhileNothingCanBeStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("g", 24*time.Hour), found("h", 24*time.Hour))
		for _, g := range []string{"g", "h"} {
			c.add(g, every(g, time.Now().Add(-24*time.Hour), 300, 5*time.Minute)...)
		}
		stands := errors.New("the shard stands still")
		end := time.Now().Add(2 * time.Hour)
		f := m.fleet()
		f.Held = func() error {
			if now := time.Now(); now.After(end.Add(-time.Hour)) && now.Before(end) {
				return stands
			}
			return nil
		}
		asked := 0
		time.AfterFunc(time.Hour+time.Minute, func() { asked = c.sent() })
		time.AfterFunc(2*time.Hour-time.Minute, func() {
			if more := c.sent() - asked; asked == 0 || more > 0 {
				t.Errorf("asked %d times before, %d times while nothing could be stored", asked, more)
			}
		})
		if err := m.run(f, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, g := range []string{"g", "h"} {
			m.requireAll(g)
			m.requireLag(g, 2*time.Minute)
		}
	})
}
