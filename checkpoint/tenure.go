package checkpoint

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/claim.sql
	claimSQL string
	//go:embed sql/end_backends.sql
	endBackendsSQL string
	//go:embed sql/give_up.sql
	giveUpSQL string
)

// A tenure is one shard held under one epoch, from the claim to the end.
type tenure struct {
	*round
	lease  Lease
	cancel context.CancelFunc
	ended  bool // given up or lost; its Hold may still be returning
	lost   bool
}

// claim takes a free shard, off the loop: it may have to wait for a lock that
// the former owner's backend still holds.
func (r *round) claim(ctx context.Context, h head) {
	r.claiming[h.shard] = true
	go func() {
		lease, err := r.take(ctx, h)
		r.events <- func() {
			delete(r.claiming, h.shard)
			switch {
			case err == nil:
				r.Log.Info().Int("shard", h.shard).Int64("epoch", lease.Epoch).Str("from", h.owner).Msg("shard claimed")
				r.start(ctx, lease)
			case errors.Is(err, ErrLost):
				// Someone was faster. The next plan knows.
			case ctx.Err() == nil:
				r.Log.Warn().Err(err).Int("shard", h.shard).Msg("could not claim; trying again")
			}
		}
	}()
}

// take ends the former owner's backends and raises the epoch. ErrLost says that
// the shard was no longer as it was seen.
//
// Invariants: of all who saw one epoch, one claims it; each epoch has one owner;
// nobody takes from an owner whose heartbeat Postgres's own clock finds alive.
// All are judged in the claiming statement, none from what was seen before it.
func (r *round) take(ctx context.Context, h head) (Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, max(r.TTL, time.Second))
	defer cancel()
	if h.owner != "" {
		var ended int
		err := r.Pool.QueryRow(ctx, endBackendsSQL, pgx.NamedArgs{
			"application": ApplicationName(h.owner), "owner": h.owner,
		}).Scan(&ended)
		if err != nil {
			return Lease{}, fmt.Errorf("end the backends of %q, former owner of shard %d: %w", h.owner, h.shard, err)
		}
	}
	lease := Lease{Shard: h.shard, Owner: r.Incarnation}
	err := r.Pool.QueryRow(ctx, claimSQL, pgx.NamedArgs{
		"incarnation": r.Incarnation, "shard": h.shard, "seen": h.epoch, "owner": h.owner,
	}).Scan(&lease.Epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrLost
	}
	if err != nil {
		return Lease{}, fmt.Errorf("claim shard %d: %w", h.shard, err)
	}
	return lease, nil
}

// start runs the Hold of a shard that is ours by its row.
func (r *round) start(ctx context.Context, lease Lease) {
	ctx, cancel := context.WithCancel(ctx)
	t := &tenure{round: r, lease: lease, cancel: cancel}
	r.tenures[lease.Shard] = t
	r.Metrics.hold(len(r.tenures))
	go func() {
		err := t.hold(ctx)
		r.events <- func() { t.over(ctx, err) }
	}()
	if r.leaving {
		t.end()
	}
}

// end asks the Hold to return; the shard is given up when it has.
func (t *tenure) end() {
	t.ended = true
	t.cancel()
}

// lose ends a tenure whose shard is another's.
func (t *tenure) lose(why string) {
	if !t.lost {
		t.lost = true
		t.Metrics.lose()
		t.Log.Warn().Int("shard", t.lease.Shard).Int64("epoch", t.lease.Epoch).Str("now", why).Msg("shard lost")
	}
	t.end()
}

// over is called in the loop when the Hold has returned for good.
func (t *tenure) over(ctx context.Context, err error) {
	t.cancel()
	if errors.Is(err, ErrLost) {
		t.lose("a commit said so")
	}
	t.ended = true
	if t.lost {
		t.forget()
		return
	}
	go func() {
		err := t.giveUp(ctx)
		t.events <- func() {
			if err != nil {
				t.Log.Warn().Err(err).Int("shard", t.lease.Shard).Msg("could not give up; trying again")
			} else {
				t.Log.Info().Int("shard", t.lease.Shard).Int64("epoch", t.lease.Epoch).Msg("shard given up")
			}
			t.forget()
		}
	}()
}

// forget strikes the tenure off. If the row still names this incarnation, the
// next round takes the shard up again.
func (t *tenure) forget() {
	if t.tenures[t.lease.Shard] == t {
		delete(t.tenures, t.lease.Shard)
	}
	t.Metrics.hold(len(t.tenures))
}

func (t *tenure) giveUp(ctx context.Context) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	_, err := t.Pool.Exec(ctx, giveUpSQL, pgx.NamedArgs{
		"shard": t.lease.Shard, "incarnation": t.lease.Owner, "epoch": t.lease.Epoch,
	})
	if err != nil {
		return fmt.Errorf("give up shard %d: %w", t.lease.Shard, err)
	}
	return nil
}

// hold runs Hold, and again after a pause when it fails, until ctx ends or the
// shard is lost. The pause doubles with each quick failure, up to a TTL.
func (t *tenure) hold(ctx context.Context) error {
	const shortest = 100 * time.Millisecond
	pause := shortest
	for {
		began := time.Now()
		err := t.Hold(ctx, t.lease)
		if ctx.Err() != nil || errors.Is(err, ErrLost) {
			return err
		}
		if time.Since(began) > t.TTL {
			pause = shortest
		}
		t.Log.Warn().Err(err).Int("shard", t.lease.Shard).Dur("pause", pause).Msg("shard stopped working; starting it again")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, max(t.TTL, shortest))
	}
}
