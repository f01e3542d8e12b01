package checkpoint

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
)

// A Keeper keeps this replica's place among the others: it beats, claims its
// fair share of the shards, and gives up what is above it.
//
// Three rules make this safe. Expiry decides who may take a shard, by
// Postgres's own clock. The epoch decides who has it: each claim raises it, and
// a commit under another writes nothing. And no clock of this process guards a
// write, so a process may stop at any instruction, and go on.
//
// After Postgres was away every heartbeat has expired. So that this moves
// nothing, a claimant waits until it has itself seen a heartbeat stand still
// for one whole TTL of connected time, and an owner goes on beating as long as
// its epochs are still its own. A killed replica's shards move within 2 × TTL.
type Keeper struct {
	Pool        *pgxpool.Pool // made by PoolConfig with the same incarnation
	Instance    string        // for people
	Incarnation string        // one run of one process; unique
	TTL         time.Duration // how long a heartbeat lasts; it beats five times in it

	// Hold is run for each shard, from when it is claimed until it is given up
	// or lost, in a goroutine of its own. It should return soon after ctx ends:
	// only then does the shard pass on in good order. When it returns sooner
	// with ErrLost the shard is taken for another's; with anything else it is
	// run again after a pause.
	Hold func(ctx context.Context, l Lease) error

	Log     zerolog.Logger
	Metrics *Metrics

	beatAt atomic.Pointer[time.Time]
}

// LastBeat is when this replica last beat, in this process's clock; the zero
// time before the first. A replica keeps its leases while this is younger than
// the TTL.
func (k *Keeper) LastBeat() time.Time {
	if at := k.beatAt.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// Run keeps the replica's place until ctx ends; then it gives up every shard,
// takes the replica off the list, and returns nil. With Postgres away it keeps
// trying, and holds what it holds.
func (k *Keeper) Run(ctx context.Context) error {
	r := &round{
		Keeper:   k,
		tenures:  map[int]*tenure{},
		claiming: map[int]bool{},
		still:    map[string]stillness{},
		events:   make(chan func()),
	}
	defer r.hangUp()
	tick := time.NewTicker(k.TTL / 5)
	defer tick.Stop()
	for {
		if ctx.Err() == nil {
			r.beat(ctx)
		}
		for beat := false; !beat; {
			select {
			case <-ctx.Done():
				r.leave(ctx)
				return nil
			case happened := <-r.events:
				happened()
			case <-tick.C:
				beat = true
			}
		}
	}
}

// leave gives everything up, each shard as soon as its Hold has returned. A
// claim under way may still succeed; then that shard is given up too.
func (r *round) leave(ctx context.Context) {
	r.leaving = true
	for _, t := range r.tenures {
		t.end()
	}
	for len(r.tenures)+len(r.claiming) > 0 {
		(<-r.events)()
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if _, err := r.Pool.Exec(ctx, leaveSQL, r.args()); err != nil {
		r.Log.Warn().Err(err).Msg("could not sign off; the heartbeat will expire instead")
	}
}

// detached is a few seconds for the last words of a run that has been ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}
