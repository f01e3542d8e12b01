package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aslogd/checkpoint"
)

// discovery is how often the group list is read where hints are turned off.
const discovery = 5 * time.Minute

// A Lister stores what a group list said, under the source's own shard; an
// error that is checkpoint.ErrLost says that the shard is another's.
type Lister interface {
	SaveList(ctx context.Context, l checkpoint.Lease, list checkpoint.List, shards int) (checkpoint.SaveResult, error)
	NameGroups(ctx context.Context, l checkpoint.Lease, source, project string, ids []string, shards int) error
}

// A Watcher reads one source's group list, again and again: for one request,
// whose hundred groups say which of them have news. It finds groups, and finds
// them gone. What it writes are hints: no proof rests on them.
//
// The owner of the source's own shard runs it, so that one replica does.
type Watcher struct {
	Source   string
	Project  string
	API      API
	Lister   Lister
	Shards   int
	Only     []string      // configured groups; empty: all that the list shows
	Interval time.Duration // between lists; 0: no hints, and discovery every 5 minutes
	Warn     func(error)   // a list that failed and will be read again
}

// Run reads the list until ctx ends or the shard is lost: then the error is
// checkpoint.ErrLost.
func (w *Watcher) Run(ctx context.Context, lease checkpoint.Lease) error {
	interval := w.Interval
	if interval <= 0 {
		interval = discovery
	}
	named := false
	for failed := 0; ; {
		begun := time.Now()
		err := w.round(ctx, lease, &named)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, checkpoint.ErrLost):
			return err
		case err == nil:
			failed = 0
		default:
			if failed++; failed&(failed-1) == 0 {
				w.Warn(fmt.Errorf("read the group list of %s (failed %d times in a row): %w", w.Source, failed, err))
			}
		}
		wait := max(interval-time.Since(begun), time.Second)
		if errors.Is(err, ErrRefused) {
			wait = max(wait, min(interval<<min(failed, 12), mostRefused))
		}
		if !pause(ctx, wait) {
			return nil
		}
	}
}

func (w *Watcher) round(ctx context.Context, lease checkpoint.Lease, named *bool) error {
	if !*named { // before any list: what is not named is not missed
		if err := w.Lister.NameGroups(ctx, lease, w.Source, w.Project, w.Only, w.Shards); err != nil {
			return err
		}
		*named = true
	}
	list, err := w.read(ctx, lease)
	if err != nil {
		return err
	}
	_, err = w.Lister.SaveList(ctx, lease, list, w.Shards)
	return err
}

// read reads the whole list. It is complete when as many distinct groups came
// as the total says, and each page said the same: only then does a group's
// absence mean anything. Under a short budget the pages are seconds apart: what
// the first of them hint at does not wait for the last. Nor is more than a piece of
// a long list kept: what is saved is known by its ids.
func (w *Watcher) read(ctx context.Context, lease checkpoint.Lease) (checkpoint.List, error) {
	list := checkpoint.List{Source: w.Source, Project: w.Project}
	ids := map[string]bool{}
	total, same := -1, true
	at := time.Now() // when groups were last saved
	for start := 0; total < 0 || start < total; {
		page, err := w.API.Groups(ctx, Watch, start, pageLimit)
		if err != nil {
			return list, err
		}
		if list.Asked.IsZero() {
			list.Asked = sentAt(page.Asked, page.Date, time.Now())
		}
		same = same && (total < 0 || total == page.Total)
		total = page.Total
		if len(page.Groups) == 0 {
			break
		}
		start += len(page.Groups)
		for _, g := range page.Groups {
			if ids[g.ID] || g.ID == "" {
				continue
			}
			ids[g.ID] = true
			if len(w.Only) > 0 && !slices.Contains(w.Only, g.ID) {
				continue
			}
			list.Groups = append(list.Groups, checkpoint.ListedGroup(g))
		}
		untold := list.Groups[list.Told:]
		if start < total && len(untold) > 0 && (len(untold) >= checkpoint.ListPiece || time.Since(at) >= time.Second) {
			part := list
			part.Groups, part.Told = untold, 0
			if _, err := w.Lister.SaveList(ctx, lease, part, w.Shards); err != nil {
				return list, err
			}
			for i, g := range untold {
				untold[i] = checkpoint.ListedGroup{ID: g.ID}
			}
			list.Told, at = len(list.Groups), time.Now()
		}
	}
	list.Complete = same && len(ids) == total
	return list, nil
}
