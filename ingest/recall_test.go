package ingest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// hourly is a tailed group with 20 actions a minute, for two hours from an hour
// ago on, and how many requests polling it takes in the second hour.
func hourly(t *testing.T, c *cloud, m *memory) (requests int) {
	t.Helper()
	c.add("g", every("a", time.Now().Add(-time.Hour), 2370, 3*time.Second)...)
	if err := m.run(m.fleet(), time.Hour); err != nil {
		t.Fatal(err)
	}
	m.requireAll("g")
	m.requireLag("g", 2*time.Minute)
	return c.requests[Tail] + c.requests[Follow]
}

// A group whose overlap holds three pages costs hardly more than a request a poll:
// what was proved a moment ago is not read again.
func TestLaw10ABusyGroupIsReadByItsHead(t *testing.T) {
	t.Parallel()
	for _, ascending := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			c.ascending = ascending
			m := newMemory(t, c, tailed("g"))
			n := hourly(t, c, m)
			if most := 60 + 12*4 + 15; !ascending && n > most {
				t.Errorf("%d requests for 60 polls", n)
			}
			t.Log(ascending, n)
		})
	}
}

// A request is of a class by what it is for: a group at rest is not followed.
func TestLaw10AGroupAtRestIsNotFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if c.requests[Follow] > 0 || c.requests[Tail] < 58 {
			t.Errorf("%v requests", c.requests)
		}
	})
}

// What is behind the pages that a poll reads: a row that comes late, one that
// ends, one that is replaced by a late one. What must hold: the first two are
// seen by the very next poll, the third when all is read again.
func TestWhatIsBehindTheHeadIsSeen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(now time.Time, log []*event) *event
		within time.Duration
	}{
		"late": {func(now time.Time, _ []*event) *event {
			return &event{id: "x", start: now.Add(-8 * time.Minute).Truncate(time.Second), shown: now}
		}, 65 * time.Second},
		"ends": {func(now time.Time, log []*event) *event {
			return &event{id: "x", start: now.Truncate(time.Second), ends: now.Add(12 * time.Minute)}
		}, 13*time.Minute + 5*time.Second},
		"late, as another goes": {func(now time.Time, log []*event) *event {
			for _, e := range log {
				if e.start.Before(now.Add(-7 * time.Minute)) {
					e.expires = now
					break
				}
			}
			return &event{id: "x", start: now.Add(-6 * time.Minute).Truncate(time.Second), shown: now}
		}, wholeAgain + 65*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, ascending := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					c := newCloud()
					c.ascending = ascending
					m := newMemory(t, c, tailed("g"))
					c.add("g", every("a", time.Now().Add(-time.Hour), 2400, 3*time.Second)...)
					f := m.fleet()
					f.Follow = time.Minute
					end := m.side(f, time.Hour)
					wait(t, 20*time.Minute)
					e := func() *event {
						c.mu.Lock()
						defer c.mu.Unlock()
						return test.change(time.Now(), c.log["g"])
					}()
					c.add("g", e)
					wait(t, test.within)
					if got := m.status("g", "x"); got != "SUCCESS" {
						t.Errorf("ascending %v: stored as %q", ascending, got)
					}
					end()
				})
			}
		})
	}
}

// At the moment of each poll the oldest that it has to do with goes as one comes:
// the count stands. What must hold: nothing new is called covered that was not
// read, in whatever order the list comes (memory.judge says so).
func TestLaw02ACountDoesNotStandForNewGround(t *testing.T) {
	t.Parallel()
	for _, ascending := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			c.ascending = ascending
			m := newMemory(t, c, tailed("g"))
			c.add("g", every("a", time.Now().Add(-time.Hour), 900, 3*time.Second)...)
			gone := 0
			c.weather = func(n int, _ string, q Query) error {
				if q.Start > 0 || n < 12 {
					return nil
				}
				c.mu.Lock()
				defer c.mu.Unlock()
				for i := len(c.log["g"]) - 1; i >= 0; i-- {
					e := c.log["g"][i]
					if e.expires.IsZero() && e.start.After(q.From.Add(10*time.Second)) {
						e.expires = time.Now()
						break
					}
				}
				gone++
				c.log["g"] = append(c.log["g"], &event{id: fmt.Sprint("new", gone), start: time.Now().Add(-30 * time.Second).Truncate(time.Second), shown: time.Now()})
				return nil
			}
			if err := m.run(m.fleet(), 40*time.Minute); err != nil {
				t.Fatal(err)
			}
			if gone < 30 {
				t.Errorf("%d came as one went", gone)
			}
		})
	}
}
