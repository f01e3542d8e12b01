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

// keeps is a Lister that looks at what it is given.
type keeps struct {
	lists
	pieces []int
	kept   []int // how many texts of groups each piece, and those before it, keep
}

func (l *keeps) SaveList(_ context.Context, _ checkpoint.Lease, list checkpoint.List, _ int) (checkpoint.SaveResult, error) {
	kept := 0
	for _, g := range list.Groups {
		if len(g.Raw) > 0 {
			kept++
		}
	}
	l.pieces, l.kept = append(l.pieces, len(list.Groups)-list.Told), append(l.kept, kept)
	if list.Complete && (list.Told != 2000 || list.Groups[0].ID != "g0" || list.Groups[2499].ID != "g2499") {
		return checkpoint.SaveResult{}, errors.New("the list lacks groups")
	}
	return checkpoint.SaveResult{}, nil
}

// Breaks: a list of thousands of groups. Holds: no more of their texts is kept than one
// statement takes, and the whole list says who is there.
func TestLaw09ALongListIsKeptByPieces(t *testing.T) {
	t.Parallel()
	c, l := newCloud(), &keeps{}
	c.groups = listed(2500)
	for i := range c.groups {
		c.groups[i].Raw = []byte("{}")
	}
	w := &Watcher{Source: "s", API: c, Lister: l, Shards: 8}
	named := true
	if err := w.round(t.Context(), checkpoint.Lease{}, &named); err != nil {
		t.Fatal(err)
	}
	if want := []int{1000, 1000, 500}; !slices.Equal(l.pieces, want) || !slices.Equal(l.kept, want) {
		t.Errorf("saved %d groups, with %d texts", l.pieces, l.kept)
	}
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
