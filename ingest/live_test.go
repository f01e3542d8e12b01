package ingest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

func ptr[T any](v T) *T { return &v }

// A group as discovery finds it, made some time before.
func found(id string, age time.Duration) checkpoint.Group {
	return checkpoint.Group{ID: id, Source: "s", Project: "p", Created: ptr(time.Now().Add(-age)), Seen: time.Now()}
}

// live lets actions start at random, show late, and end later still.
func live(c *cloud, group string, rng *rand.Rand, d time.Duration, late time.Duration) {
	at := time.Now()
	for i := 0; at.Before(time.Now().Add(d)); i++ {
		at = at.Add(time.Duration(rng.IntN(90)) * time.Second)
		start := at.Truncate(time.Second)
		shown := start.Add(time.Duration(rng.Int64N(int64(late) + 1)))
		c.add(group, &event{id: fmt.Sprintf("live%05d", i), start: start, shown: shown, ends: shown.Add(time.Duration(rng.IntN(600)) * time.Second)})
	}
}

// A backlog of 5,000 actions, then six hours live: everything is stored as it
// ended, the watermark follows, and hardly a request is in vain.
func TestLaw10ABacklogThenLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		c := newCloud()
		m := newMemory(t, c, found("g", 30*24*time.Hour), found("new", 90*24*time.Hour))
		c.add("new", every("o", time.Now().Add(-90*24*time.Hour), 10, time.Minute)...) // tells the horizon
		at := time.Now().Add(-30 * 24 * time.Hour)
		for _, e := range every("old", at, 5000, 0) {
			e.start = at.Add(time.Duration(rng.Int64N(int64(30*24*time.Hour - time.Hour)))).Truncate(time.Second)
			c.add("g", e)
		}
		live(c, "g", rng, 5*time.Hour+30*time.Minute, 2*time.Minute)
		if err := m.run(m.fleet(), 6*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
		m.requireLag("new", 2*time.Minute)
		if n := c.past["g"]; n > 51 { // the first poll read one page; one asks what is open, one whether anything is behind a last full page
			t.Errorf("the backfill took %d requests for 50 pages", n)
		}
		t.Log(c.requests, m.batches)
	})
}

// A past of more rows than one pass takes, spread unevenly: each piece but the
// first has its evidence that nothing was forgotten in the piece before.
func TestLaw10APastOfManyPiecesAsksLittleInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		c := newCloud()
		m := newMemory(t, c, found("g", 30*day))
		at := time.Now().Add(-30 * day)
		for _, e := range every("old", at, 26_000, 0) {
			e.start = at.Add(time.Duration(rng.Int64N(int64(30*day - time.Hour)))).Truncate(time.Second)
			c.add("g", e)
		}
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
		if n := c.past["g"]; n > 267 { // 260 pages, what is open, what there is, and six pieces end within a page
			t.Errorf("the backfill took %d requests for 260 pages", n)
		}
	})
}

// What breaks: a busy second, more than a pass takes, ends a piece; and the
// list does not stand still behind it. What must hold: the piece that follows
// gives up reaching back, and reading goes on.
func TestAPieceReachesBackToABusySecondInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("g", 30*day))
		at := time.Now().Add(-20 * day).Truncate(time.Second)
		c.add("g", every("a", at.Add(-day), 3000, 20*time.Second)...)
		c.add("g", every("full", at, maxRows-10, 0)...)
		c.add("g", every("b", at.Add(time.Second), 5000, time.Second)...)
		var moved atomic.Int64
		c.weather = func(_ int, _ string, q Query) error {
			if q.Start > 0 && q.From.After(at.Add(-time.Minute)) && !q.To.IsZero() {
				if n := moved.Add(1); n <= 40 {
					c.add("g", &event{id: fmt.Sprintf("moves%05d", n), start: q.To.Add(-2 * time.Second)})
				}
			}
			return nil
		}
		if err := m.run(m.fleet(), 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
		if n := moved.Load(); n < 40 {
			t.Errorf("the list moved %d times", n)
		}
	})
}

// TestLaw10ABacklogThenLive while requests and commits fail, and the process dies and comes
// back: what was proved stays proved, and the rest is read again.
func TestLaw08LiveThroughFaultsAndRestarts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				dice := rand.New(rand.NewPCG(seed, 2))
				rain := rand.New(rand.NewPCG(seed, 3)) // under the cloud's lock; dice are under the memory's
				c := newCloud()
				c.shuffle, c.exclusive, c.skew = rng, seed%2 == 1, time.Duration(seed)*20*time.Second
				if seed == 2 {
					c.clamp = 37
				}
				m := newMemory(t, c, found("g", 24*time.Hour), found("h", 24*time.Hour))
				for _, g := range []string{"g", "h"} {
					c.add(g, every(g, time.Now().Add(-24*time.Hour), 3000, 28*time.Second)...)
					live(c, g, dice, 6*time.Hour, 5*time.Minute)
				}
				end := time.Now().Add(6 * time.Hour)
				c.weather = func(int, string, Query) error {
					c.mu.Lock()
					defer c.mu.Unlock()
					if time.Now().Before(end) && rain.IntN(20) == 0 {
						return errors.New("500")
					}
					return nil
				}
				m.fail = func(*Batch) error {
					if time.Now().Before(end) && dice.IntN(50) == 0 {
						return errors.New("connection reset")
					}
					return nil
				}
				m.stale = func(b *Batch) int {
					if time.Now().Before(end) && len(b.Actions) > 0 && dice.IntN(50) == 0 {
						return 1
					}
					return 0
				}
				for time.Now().Before(end) {
					if err := m.run(m.fleet(), time.Duration(20+13*seed)*time.Minute); err != nil {
						t.Fatal(err)
					}
				}
				if err := m.run(m.fleet(), 2*time.Hour); err != nil {
					t.Fatal(err)
				}
				for _, g := range []string{"g", "h"} {
					m.requireAll(g)
					m.requireLag(g, 3*time.Minute)
				}
			})
		})
	}
}
