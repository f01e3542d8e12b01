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
	Recalls  *Recalls        // too
	Starts   *Starts         // too
	Metrics  *Metrics
	Held     func() error        // why the sink would take nothing now; nil: it is asked each time
	Warn     func(Target, error) // a round that failed and will be tried again; Group is empty where the whole shard is meant
}

// Run reads the groups of the shard until ctx ends or the shard is lost: then
// the error is checkpoint.ErrLost. It returns when all its workers have.
func (f *Fleet) Run(ctx context.Context, lease checkpoint.Lease) error {
	began := time.Now()
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
	crew := &crew{workers: map[string]*member{}}
	take := func(groups []checkpoint.Group) {
		for _, g := range groups {
			crew.take(ctx, g, func(ctx context.Context) *worker {
				source, ok := f.Sources[g.Source]
				if !ok {
					return nil
				}
				f.Horizons.note(g.Source, g.Age)
				w := f.worker(source, lease, began, g)
				w.spawn = group.Go
				group.Go(func() error { return w.run(ctx) })
				return w
			})
		}
	}
	take(groups)
	group.Go(func() error {
		f.follow(ctx, lease.Shard, since, take)
		return nil
	})
	if f.Desk != nil {
		group.Go(func() error {
			f.operate(ctx, lease, crew.find, group.Go)
			return nil
		})
	}
	return group.Wait()
}

// A crew is the workers of a shard, by group.
type crew struct {
	mu      sync.Mutex
	workers map[string]*member
}

// A member works as long as its own context lasts: until the shard is lost, or
// its group is no longer to be read.
type member struct {
	*worker
	ctx   context.Context
	leave context.CancelFunc
}

// take tells a group's worker what is known of the group now, or hires one. A
// group that is not to be read has none; named again it gets one that begins
// with its checkpoint.
func (c *crew) take(ctx context.Context, g checkpoint.Group, hire func(context.Context) *worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.workers[g.ID]
	switch {
	case ok && g.Unnamed:
		m.leave()
		delete(c.workers, g.ID)
	case ok:
		m.update(g)
	case !g.Unnamed:
		ctx, leave := context.WithCancel(ctx)
		if w := hire(ctx); w != nil {
			c.workers[g.ID] = &member{worker: w, ctx: ctx, leave: leave}
		} else {
			leave()
		}
	}
}

func (c *crew) find(group string) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.workers[group]
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

func (f *Fleet) worker(source Source, lease checkpoint.Lease, began time.Time, g checkpoint.Group) *worker {
	w := &worker{
		api: source.API, from: source.BackfillFrom, sink: f.Sink, epoch: lease.Epoch, began: began, hired: time.Now(),
		poll: f.Poll, follow: f.Follow, stages: f.Settle, counter: f.Counter, slots: source.Backfills, horizons: f.Horizons, recalls: f.Recalls, starts: f.Starts, metrics: f.Metrics, warn: f.Warn,
		hint: make(chan struct{}, 1), dug: make(chan struct{}, 1), aged: time.Now(),
		group: g, known: map[string]knownRow{}, open: map[string]*following{},
		settles: settleState{ripe: map[time.Duration]checkpoint.Coverage{}},
	}
	if now := w.aged; !g.LateAt.IsZero() { // it fades as its checkpoint's does, while nobody reads
		w.aged = g.LateAt
		w.fade(0, now)
	}
	if w.stirred, w.polled = g.Newest, w.frontLocked(); !g.Known { // it was found just now
		w.stirred, w.polled = time.Now(), time.Now()
	}
	if f.Held != nil {
		w.api = gate{source.API, f.Held}
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
