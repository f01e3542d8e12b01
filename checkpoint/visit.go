package checkpoint

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed sql/visit_look.sql
var visitLookSQL string

// A Visit takes shards for a command that works on them once, as a replica
// takes them, but only such as nobody lives in. While it lasts it has a
// heartbeat like a replica's, so that nobody takes them from it.
type Visit struct {
	Pool        *pgxpool.Pool // made by PoolConfig with the same incarnation
	Instance    string        // for people
	Incarnation string        // one run of one process; unique
	TTL         time.Duration // the replicas' own: how long a silent owner is watched
}

// Held says that a shard has a living owner.
type Held struct {
	Shard    int
	Instance string
	Epoch    int64
}

func (h *Held) Error() string {
	return fmt.Sprintf("shard %d is held by the running daemon %s (epoch %d)", h.Shard, h.Instance, h.Epoch)
}

// A guest is a shard as a Visit finds it.
type guest struct {
	head
	instance string
}

// Run calls do for one shard after the other: under a lease, or with a *Held or
// another error for a shard that could not be taken. Where do returns an error,
// that is the end. Every shard is given up after its do.
//
// A heartbeat that has expired may belong to a daemon that was cut off from
// Postgres and is about to come back (after a restore, most likely): where a
// shard has a silent owner, Run watches it for a whole TTL before it claims.
func (v *Visit) Run(ctx context.Context, shards []int, do func(ctx context.Context, shard int, l Lease, err error) error) error {
	found, err := v.watch(ctx, shards)
	if err != nil {
		return err
	}
	r := &round{Keeper: &Keeper{Pool: v.Pool, Instance: v.Instance, Incarnation: v.Incarnation, TTL: v.TTL}}
	in := false // nobody's share changes for the sake of a visit that takes nothing
	for _, g := range found {
		if g.alive {
			if err := do(ctx, g.shard, Lease{}, &Held{Shard: g.shard, Instance: g.instance, Epoch: g.epoch}); err != nil {
				return err
			}
			continue
		}
		if !in {
			leave, err := v.enter(ctx, r)
			if err != nil {
				return err
			}
			defer leave()
			in = true
		}
		lease, err := r.take(ctx, g.head)
		if errors.Is(err, ErrLost) {
			err = fmt.Errorf("shard %d was taken by another just now: %w", g.shard, err)
		}
		err = errors.Join(do(ctx, g.shard, lease, err), (&tenure{round: r, lease: lease}).giveUp(ctx))
		if err != nil {
			return err
		}
	}
	return nil
}

// watch looks at the shards, twice where there are silent owners. A shard whose
// owner moved in between counts as alive.
func (v *Visit) watch(ctx context.Context, shards []int) ([]guest, error) {
	found, err := v.look(ctx, shards)
	if err != nil {
		return nil, err
	}
	silent := false
	for _, g := range found {
		silent = silent || g.owner != "" && !g.alive
	}
	if !silent {
		return found, nil
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(v.TTL):
	}
	again, err := v.look(ctx, shards)
	if err != nil {
		return nil, err
	}
	for i := range again {
		former := found[i].head
		now := &again[i].head
		if now.owner != "" && (now.owner != former.owner || !now.beat.Equal(former.beat)) {
			now.alive = true
		}
	}
	return again, nil
}

func (v *Visit) look(ctx context.Context, shards []int) ([]guest, error) {
	rows, err := v.Pool.Query(ctx, visitLookSQL, pgx.NamedArgs{"shards": shards})
	if err != nil {
		return nil, fmt.Errorf("look who has the shards: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (guest, error) {
		var g guest
		var beat *time.Time
		err := row.Scan(&g.shard, &g.owner, &g.epoch, &g.instance, &beat, &g.alive)
		if beat != nil {
			g.beat = *beat
		}
		return g, err
	})
	if err != nil {
		return nil, fmt.Errorf("look who has the shards: %w", err)
	}
	if len(found) != len(shards) {
		return nil, fmt.Errorf("look who has the shards: %d of %d are there", len(found), len(shards))
	}
	return found, nil
}

// enter beats now and goes on beating until leave is called.
func (v *Visit) enter(ctx context.Context, r *round) (leave func(), err error) {
	if _, err := v.Pool.Exec(ctx, beatSQL, r.args()); err != nil {
		return nil, fmt.Errorf("begin a heartbeat: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(v.TTL / 5)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// A beat that fails is no harm: the epoch guards what is written.
			_, _ = v.Pool.Exec(ctx, beatSQL, r.args())
		}
	}()
	return func() {
		cancel()
		<-ended
		ctx, cancel := detached(ctx)
		defer cancel()
		_, _ = v.Pool.Exec(ctx, leaveSQL, r.args()) // else it expires
	}, nil
}
