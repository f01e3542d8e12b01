package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
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
		var asked atomic.Int64
		time.AfterFunc(time.Hour+time.Minute, func() { asked.Store(int64(c.sent())) })
		time.AfterFunc(2*time.Hour-time.Minute, func() {
			before := asked.Load()
			if more := int64(c.sent()) - before; before == 0 || more > 0 {
				t.Errorf("asked %d times before, %d times while nothing could be stored", before, more)
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

// noted is an API that notes what it is asked, and answers nothing.
type noted struct{ asked []string }

func (n *noted) Actions(_ context.Context, class Class, group string, q Query) (*Page, error) {
	n.asked = append(n.asked, fmt.Sprint(class, " ", group, " ", q.Limit))
	return &Page{}, nil
}

func (n *noted) Groups(_ context.Context, class Class, start, limit int) (*GroupPage, error) {
	n.asked = append(n.asked, fmt.Sprint(class, " groups ", start, " ", limit))
	return &GroupPage{}, nil
}

// What breaks: the shard stands still, and goes on. What must hold: while it
// stands no page of actions is asked for, and the error says that and why; the
// list of groups is, for it is no shard's; before and after, what is asked for
// comes through as it is.
func TestAGateAsksNothingWhileItIsShut(t *testing.T) {
	t.Parallel()
	api, why := &noted{}, error(nil)
	g := gate{API: api, held: func() error { return why }}
	ask := func() error {
		_, err := g.Actions(t.Context(), Tail, "g", Query{Limit: 7})
		return err
	}
	if err := ask(); err != nil {
		t.Errorf("open: %v", err)
	}
	stands := errors.New("the shard stands still")
	why = stands
	if err := ask(); !errors.Is(err, errHeld) || !errors.Is(err, stands) {
		t.Errorf("shut: %v", err)
	}
	if _, err := g.Groups(t.Context(), Watch, 20, 10); err != nil {
		t.Errorf("the list of groups: %v", err)
	}
	why = nil
	if err := ask(); err != nil {
		t.Errorf("open again: %v", err)
	}
	want := []string{"tail g 7", "watch groups 20 10", "tail g 7"}
	if !slices.Equal(api.asked, want) {
		t.Errorf("asked for %q, want %q", api.asked, want)
	}
}
