package ingest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Two hundred groups that are found at once. What must hold: their first polls begin
// one after the other, so that what they take comes little by little; and none waits
// for another's end.
func TestLaw09FirstPollsDoNotBeginAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = 2 * time.Minute // nobody is answered meanwhile
		m := newMemory(t, c)
		for i := range 200 {
			m.set(found(fmt.Sprint("g", i), time.Hour))
		}
		began := time.Now()
		f := m.fleet()
		f.Starts = &Starts{}
		end := m.side(f, 90*time.Second)
		for _, n := range []int{1, 51, 101, 151, 200} {
			synctest.Wait()
			if sent := c.sent(); sent != n {
				t.Errorf("%d first polls have begun after %s, want %d", sent, time.Since(began), n)
			}
			time.Sleep(50 * apart)
		}
		end()
	})
}

// What breaks: thousands of groups are gone for good, and one is found. What must
// hold: those, which nobody reads, keep its first poll no moment waiting.
func TestGroupsThatAreParkedTakeNoTurnOfFirstPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("new", time.Hour))
		for i := range 2000 {
			g := tailed(fmt.Sprint("gone", i))
			at := time.Now().Add(-time.Hour)
			g.GoneAt, g.Parked = &at, true
			m.set(g)
		}
		f := m.fleet()
		f.Starts = &Starts{}
		end := m.side(f, time.Minute)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if sent := c.sent(); sent != 1 {
			t.Errorf("%d requests a millisecond after the start, want the one for the group that was found", sent)
		}
		end()
	})
}

// What breaks: a shard changes hands while an action is under way in a group, whose
// place in the interval is an hour away. What must hold: it is followed on at once.
func TestAStartDoesNotWaitForThePlaceOfABusyGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", &event{id: "a", start: time.Now().Add(-time.Minute).Truncate(time.Second), ends: time.Now().Add(10 * time.Second)})
		m.stored["g"]["a"] = "DOING"
		f := m.fleet()
		f.Poll = time.Hour
		end := m.side(f, time.Minute)
		wait(t, 20*time.Second)
		if got := m.status("g", "a"); got != "SUCCESS" {
			t.Errorf("stored as %q ten seconds after it ended", got)
		}
		end()
	})
}
