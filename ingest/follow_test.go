package ingest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: a hundred actions hang behind the tail, and the set changes while
// they are asked for in turn: every few minutes one ends, and another begins to
// hang. What must hold: none is lost from the turn, each is stored as it ended
// within a tenth of its age or six hours, and the tail goes on.
func TestHangingActionsThatEndAndBeginAreAllFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("hangs", time.Now().Add(-time.Hour), 100, time.Second)...)
		for i, e := range c.log["g"] { // in no order that the turn knows
			e.ends = time.Now().Add(2*time.Hour + time.Duration(i*37%100)*5*time.Minute)
		}
		for i := range 100 {
			at := time.Now().Add(time.Duration(i) * 5 * time.Minute).Truncate(time.Second)
			c.add("g", &event{id: fmt.Sprintf("begins%05d", i), start: at, ends: at.Add(2*time.Hour + time.Duration(i%7)*time.Hour)})
		}
		c.add("g", &event{id: "never", start: time.Now().Add(-30 * time.Minute).Truncate(time.Second), ends: time.Now().Add(30 * day)})
		end := m.side(m.fleet(), 26*time.Hour)
		for range 24 {
			wait(t, time.Hour)
			for _, e := range c.log["g"] {
				age := time.Since(e.start)
				if grace := min(max(age/10, time.Minute), mostFollow) + time.Hour; e.ends.Before(time.Now().Add(-grace)) && m.status("g", e.id) != "SUCCESS" {
					t.Fatalf("%s ended %s ago and is stored as %q", e.id, time.Since(e.ends), m.status("g", e.id))
				}
			}
		}
		end()
		m.requireAll("g")
		asked := 0
		for _, q := range c.asked {
			if q.LogID != "" {
				asked++
			}
		}
		if asked > 26*60*mostFar {
			t.Errorf("%d questions for single actions in %d minutes", asked, 26*60)
		}
		if m.warned.Load() > 0 {
			t.Errorf("%d warnings", m.warned.Load())
		}
	})
}

// What breaks: a process ends while an action is under way, the news of which are
// half an hour old. What must hold: the next one follows it as if they were new.
func TestAStartFollowsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := tailed("g")
		g.Newest = time.Now().Add(-30 * time.Minute).Truncate(time.Second)
		m := newMemory(t, c, g)
		c.add("g", &event{id: "long", start: g.Newest, ends: time.Now().Add(3 * time.Minute)})
		m.stored["g"]["long"] = "DOING"
		end := m.side(m.fleet(), time.Hour)
		wait(t, 3*time.Minute+20*time.Second)
		if got := m.status("g", "long"); got != "SUCCESS" {
			t.Errorf("stored as %q twenty seconds after it ended", got)
		}
		end()
	})
}

// What breaks: answers take more than half a second where polls are a second apart.
// What must hold: a group in which something is under way is polled as often as one at
// rest.
func TestWhatIsUnderWayIsPolledNoLessThanWhatRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = 1200 * time.Millisecond // half of it is waited for
		busy := tailed("busy")
		busy.Scaling = true
		m := newMemory(t, c, tailed("rests"), busy)
		polls := map[string]int{}
		c.weather = func(_ int, group string, _ Query) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			polls[group]++
			return nil
		}
		f := m.fleet()
		f.Poll = time.Second
		if err := m.run(f, time.Minute); err != nil {
			t.Fatal(err)
		}
		if polls["busy"] < polls["rests"]-2 {
			t.Errorf("polled %d times in a minute; one at rest %d times", polls["busy"], polls["rests"])
		}
	})
}

// What breaks: a group that nobody was to read for long is named again, and something
// is under way in it. What must hold: it is followed as after a start.
func TestAGroupThatIsNamedAgainIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := tailed("g")
		g.Unnamed = true
		m := newMemory(t, c, g)
		end := m.side(m.fleet(), 3*time.Hour)
		wait(t, time.Hour)
		g.Unnamed, g.Scaling, g.Newest = false, true, time.Now().Add(-30*time.Minute)
		m.set(g)
		wait(t, 3*time.Minute)
		if sent := c.sent(); sent < 10 {
			t.Errorf("polled %d times in three minutes", sent)
		}
		end()
	})
}
