package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// silent is an API that never answers.
type silent struct{}

func (silent) Actions(ctx context.Context, _ Class, _ string, _ Query) (*Page, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (silent) Groups(ctx context.Context, _ Class, _, _ int) (*GroupPage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// What breaks: one source answers nothing, and all its groups have a past to
// read. What must hold: another source's pasts are read.
func TestLaw07ASourceThatAnswersNothingKeepsNoOtherFromItsPast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		var groups []checkpoint.Group
		for i := range 20 {
			g := tailed(fmt.Sprint("a-silent", i))
			g.From, g.Source = g.From.Add(-time.Hour), "silent"
			groups = append(groups, g)
		}
		g := tailed("g")
		g.From = g.From.Add(-time.Hour)
		m := newMemory(t, c, append(groups, g)...)
		c.add("g", every("a", g.From, 300, 10*time.Second)...)
		f := m.fleet()
		f.Sources["silent"] = Source{API: silent{}, Project: "p", Backfills: make(chan struct{}, 2)}
		if err := m.run(f, time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
	})
}

// Three hundred actions of a group hang, for hours. Each is asked for still,
// but they do not eat what all groups live on, nor hold up the group's tail.
func TestLaw10ManyHangingActionsAreAskedForInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("hangs", time.Now().Add(-time.Hour), 300, time.Second)...)
		for _, e := range c.log["g"] {
			e.ends = time.Now().Add(30 * time.Hour)
		}
		poisoned := "hangs00007" // its page cannot be read: it alone is lost to sight
		c.weather = func(_ int, _ string, q Query) error {
			if q.LogID == poisoned {
				return unreadable(poisoned)
			}
			return nil
		}
		end := m.side(m.fleet(), 12*time.Hour)
		wait(t, 2*time.Hour)
		before := c.sent()
		asked := map[string]bool{}
		wait(t, 6*time.Hour)
		for _, q := range c.asked[before:] {
			if q.LogID != "" {
				asked[q.LogID] = true
			}
		}
		if n := c.sent() - before; n > 6*60*(1+mostFar) {
			t.Errorf("%d requests in six hours", n)
		}
		if len(asked) != 300 {
			t.Errorf("%d of 300 were asked for", len(asked))
		}
		e := &event{id: "now", start: time.Now().Truncate(time.Second)}
		c.add("g", e)
		wait(t, 2*time.Minute)
		if m.status("g", "now") == "" {
			t.Error("a new action waits for those that hang")
		}
		end()
		if !m.rejected(poisoned) || m.warned.Load() > 0 {
			t.Errorf("%d rejects, %d warnings", len(m.rejects), m.warned.Load())
		}
	})
}

// What breaks: the server's Date runs an hour ahead of the stamps. What must
// hold: no moment is called covered that is still to come.
func TestLaw02ADateAheadOfTheStampsCoversNoFuture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.skew = time.Hour
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("a", time.Now().Add(-time.Hour), 300, 40*time.Second)...)
		if err := m.run(m.fleet(), 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		if end := m.get("g").Covered.End(); end.After(time.Now()) {
			t.Errorf("covered up to %s at %s", end, time.Now())
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
	})
}

// What breaks: a day of the past cannot be read for a day; meanwhile the tail
// has to leave a busy hour to the backfill. What must hold: that hour is read
// within minutes, not when the day is tried again.
func TestANewHoleDoesNotWaitForAnOldOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := tailed("g")
		front := g.TailFrom
		g.From = front.Add(-24 * time.Hour)
		g.Covered = g.Covered.Add(Span{From: front.Add(-time.Hour), To: front})
		m := newMemory(t, c, g)
		c.add("g", every("old", g.From, 50, time.Minute)...)
		var away atomic.Bool
		c.weather = func(_ int, _ string, q Query) error {
			if away.Load() || !q.To.IsZero() && q.From.Before(front.Add(-2*time.Hour)) {
				return errors.New("500")
			}
			return nil
		}
		end := m.side(m.fleet(), 24*time.Hour)
		wait(t, 16*time.Hour)
		away.Store(true)
		begun := time.Now()
		c.add("g", every("busy", begun, 7200, time.Second/2)...)
		wait(t, time.Hour)
		away.Store(false)
		wait(t, 10*time.Minute)
		if hour := (Span{From: begun.Truncate(time.Second), To: begun.Add(time.Hour).Truncate(time.Second)}); !m.get("g").Covered.Contains(hour) {
			t.Errorf("covered %v, not %v", m.get("g").Covered, hour)
		}
		end()
	})
}

// A hundred records in the middle of the past break every page that they are on, more
// than a pass may look for. What must hold: they cost the moments around
// them, and not all that happened since.
func TestLaw07UnreadableRecordsDoNotEndThePast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := tailed("g")
		g.From = g.TailFrom.Add(-24 * time.Hour)
		m := newMemory(t, c, g)
		c.add("g", every("a", g.From, 2000, 40*time.Second)...)
		c.weather = func(_ int, group string, q Query) error {
			page, err := c.quiet(group, q)
			for _, a := range page.Actions {
				if a.ID >= "a00700" && a.ID < "a00800" {
					return unreadable(a.ID)
				}
			}
			return err
		}
		if err := m.run(m.fleet(), 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		missing := 0
		for _, e := range c.log["g"] {
			if m.status("g", e.id) == "" {
				missing++
			}
		}
		if missing > 100 {
			t.Errorf("%d actions are not stored for the sake of 100; covered %v", missing, m.get("g").Covered)
		}
		t.Log(c.requests)
	})
}

// A worker remembers only a part of what it commits, and of a pass no more than
// a pass may hold: both have bounds that no history and no answer moves.
func TestLaw09AWorkerRemembersSoMuchAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = time.Millisecond
		m := newMemory(t, c, tailed("g"))
		// An hour with more rows than are remembered, each within the tail's reach.
		c.add("g", every("a", time.Now().Add(-40*time.Minute), 3*maxKnown, 190*time.Millisecond)...)
		w := m.reader("g")
		for range 5 {
			if err := w.tail(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.readSpan(t.Context(), Tail, Span{From: m.get("g").From, To: second(time.Now())}, func(result) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if len(w.known) > maxKnown {
				t.Fatalf("%d rows are remembered", len(w.known))
			}
		}
		if len(w.known) < maxKnown/2 || len(m.stored["g"]) < 2*maxKnown {
			t.Errorf("%d remembered of %d: the test shows nothing", len(w.known), len(m.stored["g"]))
		}
	})
}

// However much a span holds, a pass takes a bounded part of it.
func TestLaw09APassIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = time.Millisecond
		m := newMemory(t, c, tailed("g"))
		from := time.Now().Add(-time.Hour)
		c.add("g", every("a", from, 20_000, 150*time.Millisecond)...)
		most := 0
		w := m.reader("g")
		err := w.readSpan(t.Context(), Backfill, Span{From: second(from), To: second(time.Now().Add(-time.Minute))}, func(res result) error {
			most = max(most, len(res.seen))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if most == 0 || most > maxRows {
			t.Errorf("a pass held %d rows", most)
		}
	})
}
