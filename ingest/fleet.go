package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"aslogd/checkpoint"
)

// A Source is one project in one region, as its groups' workers need it.
type Source struct {
	API     API
	Project string
	// BackfillFrom is the first moment that is wanted, seen from now; nil, or
	// an answer of nil: each group's creation.
	BackfillFrom func(now time.Time) *time.Time
	// Backfills' capacity is how many groups of the source are backfilled at
	// once in this process. Each source has its own: one that is paused, or
	// answers nothing, keeps its places for as long as that lasts.
	Backfills chan struct{}
}

// A Fleet reads the groups of one shard: a worker for each. Its fields are set
// before Run and not changed.
type Fleet struct {
	Sources  map[string]Source // by name; a group of a source that is not here is left alone
	Roster   Roster
	Sink     Sink            // of the shard
	Poll     time.Duration   // longest time that a group goes unpolled
	Settle   []time.Duration // ages at which what is covered is read again, each longer than the one before
	Counter  Counter         // what is stored; needed where Settle is not empty
	Follow   time.Duration   // shortest time between polls of a group in which something is under way; 5s if 0
	Desk     Desk            // what people asked for; nil: nothing is looked for
	Horizons *Horizons       // shared by the fleets of a process
	Metrics  *Metrics
	Warn     func(Target, error) // a round that failed and will be tried again; Group is empty where the whole shard is meant
}

// Run reads the groups of the shard until ctx ends or the shard is lost: then
// the error is checkpoint.ErrLost. It returns when all its workers have.
func (f *Fleet) Run(ctx context.Context, lease checkpoint.Lease) error {
	group, ctx := errgroup.WithContext(ctx)
	// News from before the list: what happens between the two is told twice.
	_, since, err := f.Roster.News(ctx, lease.Shard, time.Now().Add(time.Hour))
	if err != nil {
		return fmt.Errorf("ask for news of shard %d: %w", lease.Shard, err)
	}
	groups, err := f.Roster.Groups(ctx, lease.Shard)
	if err != nil {
		return fmt.Errorf("load groups of shard %d: %w", lease.Shard, err)
	}
	var mu sync.Mutex
	workers := map[string]*worker{}
	take := func(groups []checkpoint.Group) {
		mu.Lock()
		defer mu.Unlock()
		for _, g := range groups {
			if w, ok := workers[g.ID]; ok {
				w.update(g)
				continue
			}
			source, ok := f.Sources[g.Source]
			if !ok {
				continue
			}
			f.Horizons.note(g.Source, g.Age)
			w := f.worker(source, lease, g)
			w.spawn = group.Go
			workers[g.ID] = w
			group.Go(func() error { return w.run(ctx) })
		}
	}
	take(groups)
	group.Go(func() error {
		f.follow(ctx, lease.Shard, since, take)
		return nil
	})
	if f.Desk != nil {
		find := func(id string) *worker {
			mu.Lock()
			defer mu.Unlock()
			return workers[id]
		}
		group.Go(func() error {
			f.operate(ctx, lease, find, group.Go)
			return nil
		})
	}
	return group.Wait()
}

// follow asks for news each second.
func (f *Fleet) follow(ctx context.Context, shard int, since time.Time, take func([]checkpoint.Group)) {
	for told := false; pause(ctx, time.Second); {
		groups, now, err := f.Roster.News(ctx, shard, since)
		if err != nil {
			if !told && ctx.Err() == nil {
				f.Warn(Target{Shard: shard}, fmt.Errorf("ask for news of groups: %w", err))
			}
			told = true
			continue
		}
		told, since = false, now
		take(groups)
	}
}

func (f *Fleet) worker(source Source, lease checkpoint.Lease, g checkpoint.Group) *worker {
	w := &worker{
		api: source.API, from: source.BackfillFrom, sink: f.Sink, epoch: lease.Epoch,
		poll: f.Poll, follow: f.Follow, stages: f.Settle, counter: f.Counter, slots: source.Backfills, horizons: f.Horizons, metrics: f.Metrics, warn: f.Warn,
		hint: make(chan struct{}, 1), dug: make(chan struct{}, 1), stirred: time.Now(),
		group: g, known: map[string]knownRow{}, open: map[string]*following{},
		settles: settleState{ripe: map[time.Duration]checkpoint.Coverage{}},
	}
	if w.from == nil {
		w.from = func(time.Time) *time.Time { return nil }
	}
	if w.follow == 0 {
		w.follow = 5 * time.Second
	}
	for _, o := range g.Open {
		w.open[o.ID] = &following{start: o.Start, seen: o.Seen}
	}
	return w
}
