package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

type lists struct {
	saved    [][]checkpoint.ListedGroup
	complete []bool
	added    []string
	err      error
}

func (l *lists) SaveList(_ context.Context, _ checkpoint.Lease, list checkpoint.List, _ int) (checkpoint.SaveResult, error) {
	l.saved, l.complete = append(l.saved, list.Groups), append(l.complete, list.Complete)
	return checkpoint.SaveResult{}, l.err
}

func (l *lists) NameGroups(_ context.Context, _ checkpoint.Lease, _, _ string, ids []string, _ int) error {
	l.added = append(l.added, ids...)
	return nil
}

func listed(n int) (groups []Group) {
	for i := range n {
		groups = append(groups, Group{ID: fmt.Sprint("g", i)})
	}
	return groups
}

// moving is a list that changes after its first page.
type moving struct{ *cloud }

func (a moving) Groups(ctx context.Context, class Class, start, limit int) (*GroupPage, error) {
	page, err := a.cloud.Groups(ctx, class, start, limit)
	if start == 0 {
		a.groups = a.groups[1:] // those behind move up: one is missed
	}
	return page, err
}

func TestAListIsReadWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, l := newCloud(), &lists{}
		c.groups = listed(250)
		w := &Watcher{Source: "s", API: c, Lister: l, Shards: 8, Interval: 10 * time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
		defer cancel()
		if err := w.Run(ctx, checkpoint.Lease{}); err != nil {
			t.Fatal(err)
		}
		if len(l.saved) != 6 || len(l.saved[0]) != 250 || !l.complete[0] || c.requests[Watch] != 18 {
			t.Errorf("%d lists, %v", len(l.saved), c.requests)
		}
	})
}

// scarce is an API each of whose pages of the group list waits for the budget.
type scarce struct{ *cloud }

func (a scarce) Groups(ctx context.Context, class Class, start, limit int) (*GroupPage, error) {
	if !pause(ctx, 4*time.Second) {
		return nil, ctx.Err()
	}
	return a.cloud.Groups(ctx, class, start, limit)
}

func TestHintsOfAPageDoNotWaitForTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, l := newCloud(), &lists{}
		c.groups = listed(250)
		w := &Watcher{Source: "s", API: scarce{c}, Lister: l, Shards: 8, Interval: 10 * time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Second)
		defer cancel()
		if err := w.Run(ctx, checkpoint.Lease{}); err != nil {
			t.Fatal(err)
		}
		var saved []int
		for i, groups := range l.saved {
			saved = append(saved, len(groups))
			if whole := len(groups) == 250; l.complete[i] != whole {
				t.Errorf("%d groups, complete: %v", len(groups), l.complete[i])
			}
		}
		if !slices.Equal(saved, []int{100, 100, 250}) {
			t.Errorf("saved %d groups", saved)
		}
	})
}

func TestAListThatMovedSaysNothingOfAbsence(t *testing.T) {
	t.Parallel()
	c, l := newCloud(), &lists{err: checkpoint.ErrLost}
	c.groups = listed(250)
	w := &Watcher{Source: "s", API: moving{c}, Lister: l, Interval: time.Second}
	if err := w.Run(t.Context(), checkpoint.Lease{}); !errors.Is(err, checkpoint.ErrLost) {
		t.Fatal(err)
	}
	if len(l.saved[0]) != 249 || l.complete[0] {
		t.Errorf("%d groups, complete: %v", len(l.saved[0]), l.complete[0])
	}
}

func TestConfiguredGroupsAndOnlyThose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, l := newCloud(), &lists{}
		c.groups = listed(5)
		w := &Watcher{Source: "s", API: c, Lister: l, Only: []string{"g1", "elsewhere"}}
		ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
		defer cancel()
		if err := w.Run(ctx, checkpoint.Lease{}); err != nil {
			t.Fatal(err)
		}
		if len(l.added) != 2 || len(l.saved) != 3 || len(l.saved[0]) != 1 || l.saved[0][0].ID != "g1" {
			t.Errorf("added %v, saved %v", l.added, l.saved)
		}
	})
}
