package ingest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A crowded API lets polls of groups at rest wait for minutes, and no others.
type crowded struct{ *cloud }

func (c crowded) Actions(ctx context.Context, class Class, group string, q Query) (*Page, error) {
	if class == Tail && !pause(ctx, 8*time.Minute) {
		return nil, ctx.Err()
	}
	return c.cloud.Actions(ctx, class, group, q)
}

// What breaks: the budget is short, so that polls wait for each other for minutes.
// What must hold: a group that is hinted at is read at once, whether its poll waits
// or is not due yet, and its hint costs one request.
func TestLaw10AHintGoesBeforePollsThatWait(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"while a poll waits": 90 * time.Second, "between two polls": 8*time.Minute + 30*time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			g := tailed("g")
			m := newMemory(t, c, g)
			f := m.fleet()
			f.Poll = 20 * time.Minute
			f.Sources["s"] = Source{API: crowded{c}, Project: "p", Backfills: make(chan struct{}, 4)}
			now := time.Now().Add(newPlace(f, g.ID) + after).Truncate(time.Second)
			c.add("g", every("news", now, 1, time.Second)...)
			end := m.side(f, 30*time.Minute)
			time.Sleep(time.Until(now))
			before := c.sent()
			hinted := m.get("g")
			hinted.HintedAt = &now
			m.set(hinted)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if m.status("g", "news00000") == "" {
				t.Errorf("%s: not read %s after the hint", name, time.Since(now))
			}
			if n := c.sent() - before; n != 1 {
				t.Errorf("%s: %d requests", name, n)
			}
			end()
		})
	}
}

// newPlace is how long a new worker of the group waits for its place.
func newPlace(f *Fleet, id string) time.Duration {
	w := &worker{poll: f.Poll}
	w.group.ID = id
	return w.untilPoll(time.Now())
}
