package ingest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// tailed is a group whose tail has run up to an hour ago: a pass from there is
// open-ended and has as many pages as the test puts rows.
func tailed(id string) checkpoint.Group {
	g := found(id, 24*time.Hour)
	front := time.Now().Add(-time.Hour).Truncate(time.Second)
	g.Known, g.From, g.TailFrom = true, front, front
	return g
}

// Each way in which a list may move between the pages of a pass. What must
// hold in each is in memory.judge: nothing that was shown is missing from what
// is called covered. Here is said how the pass ends besides.
func TestLaw02AListThatMovesUnderThePass(t *testing.T) {
	t.Parallel()
	type move func(c *cloud, n int) // before the request with n requests before it
	at := func(when int, do func(c *cloud)) move {
		return func(c *cloud, n int) {
			if n == when {
				do(c)
			}
		}
	}
	head := func(c *cloud) {
		c.log["g"] = append(c.log["g"], &event{id: fmt.Sprint("head", len(c.log["g"])), start: time.Now().Truncate(time.Second), shown: time.Now()})
	}
	late := func(age time.Duration) func(c *cloud) {
		return func(c *cloud) {
			c.log["g"] = append(c.log["g"], &event{id: fmt.Sprint("late", len(c.log["g"])), start: time.Now().Add(-age).Truncate(time.Second), shown: time.Now()})
		}
	}
	expire := func(c *cloud) {
		oldest := c.log["g"][0]
		for _, e := range c.log["g"] {
			if e.expires.IsZero() && (!oldest.expires.IsZero() || e.start.Before(oldest.start)) {
				oldest = e
			}
		}
		oldest.expires = time.Now()
	}
	newest := func(c *cloud) *event {
		return slices.MaxFunc(c.log["g"], func(a, b *event) int { return a.start.Compare(b.start) })
	}
	for name, test := range map[string]struct {
		move     move
		proved   bool
		restarts int
		requests int // at most
	}{
		"nothing moves":               {at(-1, nil), true, 0, 5},
		"a row comes in at the head":  {at(2, head), true, 1, 7},
		"two come in, pages apart":    {func(c *cloud, n int) { at(1, head)(c, n); at(4, head)(c, n) }, true, 2, 12},
		"a late row among those read": {at(2, late(20*time.Minute)), true, 2, 10},
		"a late row still to be read": {at(2, late(50*time.Minute)), true, 1, 7},
		"the oldest is forgotten":     {at(2, expire), true, 1, 7},
		"one comes as the oldest goes": {at(2, func(c *cloud) {
			head(c)
			expire(c)
		}), true, 1, 7},
		"a late one comes as the oldest goes": {at(2, func(c *cloud) {
			late(5 * time.Minute)(c)
			expire(c)
		}), true, 1, 7},
		"the newest goes as a late one comes": {at(2, func(c *cloud) {
			newest(c).expires = time.Now()
			late(55 * time.Minute)(c)
		}), true, 2, 10},
		"it never stands still": {func(c *cloud, n int) { head(c) }, false, 3, 9},
		"one always comes as one goes": {func(c *cloud, n int) {
			if n > 0 {
				head(c)
				expire(c)
			}
		}, false, 3, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud()
				m := newMemory(t, c, tailed("g"))
				c.add("g", every("a", time.Now().Add(-time.Hour), 490, 7*time.Second)...)
				c.weather = func(n int, _ string, _ Query) error {
					c.mu.Lock()
					defer c.mu.Unlock()
					test.move(c, n)
					return nil
				}
				w := m.reader("g")
				_, from, class := w.tailSpan()
				p := w.newPass(class, Span{From: from})
				res, err := p.readOpen(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if res.proved != test.proved || p.scan.Restarts != test.restarts || p.scan.Requests > test.requests {
					t.Errorf("proved %v after %d restarts, %d requests", res.proved, p.scan.Restarts, p.scan.Requests)
				}
				if test.proved != (len(m.get("g").Covered) > 0) {
					t.Errorf("covered %v", m.get("g").Covered)
				}
			})
		})
	}
}

// Rows of one second that change places from request to request: the count of
// each second stands, so what passes saw together counts.
func TestLaw02RowsOfASecondInAnyOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.shuffle = rand.New(rand.NewPCG(1, 2))
		m := newMemory(t, c, tailed("g"))
		for i := range 12 {
			c.add("g", every(fmt.Sprint("burst", i), time.Now().Add(-time.Hour+time.Duration(i)*time.Minute), 25, 0)...)
		}
		w := m.reader("g")
		hour := Span{From: m.get("g").From, To: time.Now().Add(-time.Minute).Truncate(time.Second)}
		if err := w.readSpan(t.Context(), Tail, hour, func(result) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if !m.get("g").Covered.Contains(hour) {
			t.Errorf("covered %v of %v", m.get("g").Covered, hour)
		}
	})
}

// A page fails at each place of a pass: nothing is proved, what was read is
// stored, and the next pass makes it good.
func TestLaw02APassWithAFailedPageProvesNothing(t *testing.T) {
	t.Parallel()
	for broken := range 5 {
		t.Run(fmt.Sprint(broken), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud()
				m := newMemory(t, c, tailed("g"))
				c.add("g", every("a", time.Now().Add(-time.Hour), 450, 8*time.Second)...)
				c.weather = func(n int, _ string, _ Query) error {
					if n == broken {
						return errors.New("500")
					}
					return nil
				}
				w := m.reader("g")
				if err := w.tail(t.Context()); err == nil {
					t.Error("no error")
				}
				if g := m.get("g"); len(g.Covered) > 0 {
					t.Errorf("covered %v", g.Covered)
				}
				if len(m.stored["g"]) < 99*broken {
					t.Errorf("%d rows stored of %d pages", len(m.stored["g"]), broken)
				}
				if err := w.tail(t.Context()); err != nil {
					t.Fatal(err)
				}
				m.requireAll("g")
				m.requireLag("g", 5*time.Second)
			})
		})
	}
}

// A stale answer anywhere in a pass: it proves nothing.
func TestLaw02APassWithAStaleAnswerProvesNothing(t *testing.T) {
	t.Parallel()
	for where := range 5 {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			m := newMemory(t, c, tailed("g"))
			c.add("g", every("a", time.Now().Add(-time.Hour), 450, 8*time.Second)...)
			m.stale = func(*Batch) int {
				if m.batches == where+1 {
					return 1
				}
				return 0
			}
			if err := m.reader("g").tail(t.Context()); err != nil {
				t.Fatal(err)
			}
			if g := m.get("g"); len(g.Covered) > 0 {
				t.Errorf("stale in batch %d: covered %v", where, g.Covered)
			}
		})
	}
}

// The head moves faster than a pass: the closed part is proved piece by piece.
func TestABusyHeadIsProvedUpToAFewSecondsAgo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("a", time.Now().Add(-time.Hour), 8000, time.Second)...)
		c.latency = time.Second
		f := m.fleet()
		if err := m.run(f, time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireLag("g", 3*time.Minute)
	})
}
