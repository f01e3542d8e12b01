package checkpoint

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	//go:embed sql/beat.sql
	beatSQL string
	//go:embed sql/forget.sql
	forgetSQL string
	//go:embed sql/look.sql
	lookSQL string
	//go:embed sql/leave.sql
	leaveSQL string
)

// A round is the state of a Keeper that runs. One goroutine owns it; whatever
// else goes on (a Hold, a claim, a hand-over) reports back through events, so a
// slow claim never delays a beat.
type round struct {
	*Keeper
	conn     *pgxpool.Conn // the beat's own
	tenures  map[int]*tenure
	claiming map[int]bool
	still    map[string]stillness
	lookedAt time.Time // end of the last round that worked
	failing  time.Time // when a failure was last told; zero while it works
	leaving  bool
	events   chan func()
}

// A stillness is a heartbeat that does not move: its value, and since when
// this process has been watching it, connected all the time.
type stillness struct {
	beat  time.Time
	since time.Time
}

// A head is a shard as the last look found it.
type head struct {
	shard int
	owner string
	epoch int64
	alive bool
	beat  time.Time
}

// beat tells the others that this replica lives, looks how things stand, and
// starts what the plan says.
func (r *round) beat(ctx context.Context) {
	started := time.Now()
	// A round that took longer would prove no connection, see watch.
	within, cancel := context.WithTimeout(ctx, max(r.TTL/2, 500*time.Millisecond))
	defer cancel()
	heads, members, err := r.look(within)
	if err != nil {
		r.hangUp()
		clear(r.still)
		if ctx.Err() == nil && started.Sub(r.failing) > time.Minute {
			r.failing = started
			r.Log.Warn().Err(err).Int("held", len(r.tenures)).Msg("no heartbeat; holding what is held")
		}
		return
	}
	if !r.failing.IsZero() {
		r.failing = time.Time{}
		r.Log.Info().Int("held", len(r.tenures)).Msg("the heartbeat is back")
	}
	r.beatAt.Store(&started)
	r.settle(ctx, heads)
	seats := r.watch(heads)
	claim, give := plan(r.Incarnation, members, seats)
	for _, shard := range give {
		if t := r.tenures[shard]; t != nil {
			t.end()
		}
	}
	for _, shard := range claim {
		i := slices.IndexFunc(heads, func(h head) bool { return h.shard == shard })
		r.claim(ctx, heads[i])
	}
}

// look beats and reads all shards and members, in one round trip.
func (r *round) look(ctx context.Context) (heads []head, members []string, err error) {
	if r.conn == nil {
		if r.conn, err = r.Pool.Acquire(ctx); err != nil {
			return nil, nil, fmt.Errorf("connect for the heartbeat: %w", err)
		}
	}
	batch := &pgx.Batch{}
	batch.Queue(beatSQL, r.args())
	batch.Queue(forgetSQL)
	batch.Queue(lookSQL).Query(func(rows pgx.Rows) error {
		var shard *int
		var owner, incarnation *string
		var epoch *int64
		var beat *time.Time
		var alive bool
		_, err := pgx.ForEachRow(rows, []any{&shard, &owner, &epoch, &incarnation, &beat, &alive}, func() error {
			if alive && !slices.Contains(members, *incarnation) {
				members = append(members, *incarnation)
			}
			if shard == nil {
				return nil
			}
			h := head{shard: *shard, epoch: *epoch, alive: alive}
			if owner != nil {
				h.owner = *owner
			}
			if beat != nil {
				h.beat = *beat
			}
			heads = append(heads, h)
			return nil
		})
		return err
	})
	if err := r.conn.SendBatch(ctx, batch).Close(); err != nil {
		return nil, nil, fmt.Errorf("beat and look at the shards: %w", err)
	}
	if !slices.Contains(members, r.Incarnation) {
		return nil, nil, fmt.Errorf("beat and look at the shards: the heartbeat did not last for the round")
	}
	return heads, members, nil
}

// settle compares what is held with what the rows say.
func (r *round) settle(ctx context.Context, heads []head) {
	for _, h := range heads {
		t := r.tenures[h.shard]
		switch {
		case t != nil && t.ended:
			// Being given up; the row may say so before the loop has heard.
		case t != nil && (h.owner != r.Incarnation || h.epoch != t.lease.Epoch):
			t.lose(fmt.Sprintf("%q has it, epoch %d", h.owner, h.epoch))
		case t == nil && h.owner == r.Incarnation && !r.claiming[h.shard]:
			// A claim whose answer was lost, or a hand-over that failed.
			r.start(ctx, Lease{Shard: h.shard, Epoch: h.epoch, Owner: r.Incarnation})
		}
	}
}

// watch turns what was seen into seats. A shard is free when nobody owns it, or
// when its owner's heartbeat is expired (or gone) and has stood still before
// these eyes for a whole TTL. A pause of this process, like a failed round, is
// not time in which it has watched.
func (r *round) watch(heads []head) []seat {
	now := time.Now()
	if now.Sub(r.lookedAt) > r.TTL/2+r.TTL/5+500*time.Millisecond {
		clear(r.still)
	}
	r.lookedAt = now
	seats := make([]seat, 0, len(heads))
	for _, h := range heads {
		s := seat{shard: h.shard, owner: h.owner, free: h.owner == ""}
		if h.owner != "" {
			seen, ok := r.still[h.owner]
			if !ok || !seen.beat.Equal(h.beat) {
				seen = stillness{beat: h.beat, since: now}
				r.still[h.owner] = seen
			}
			s.free = !h.alive && now.Sub(seen.since) >= r.TTL
		}
		if r.claiming[h.shard] {
			s = seat{shard: h.shard, owner: r.Incarnation}
		}
		if t := r.tenures[h.shard]; t != nil && t.ended {
			// On its way out: nobody's yet, and not to be had.
			s = seat{shard: h.shard, owner: "\x00leaving"}
		}
		seats = append(seats, s)
	}
	return seats
}

func (r *round) args() pgx.NamedArgs {
	return pgx.NamedArgs{"incarnation": r.Incarnation, "instance": r.Instance, "ttl": r.TTL}
}

// hangUp gives the beat's connection back; the pool drops it if it is broken.
func (r *round) hangUp() {
	if r.conn != nil {
		r.conn.Release()
		r.conn = nil
	}
}
