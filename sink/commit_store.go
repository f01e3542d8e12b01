package sink

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"aslogd/checkpoint"
)

// store makes items durable together, however often it takes. Trying again is
// harmless even where an earlier try committed and its answer was lost: what
// is stored already makes no row. It gives up only when ctx ends, the shard is
// lost, or the journal has moved.
func (c *Committer) store(ctx context.Context, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	all := c.leaveOut(units(items))
	var unsure *attempt
	for try := 0; ; try++ {
		a, err := c.transact(ctx, all, unsure, true)
		if err == nil {
			c.at = &a.end
			c.tell(ctx, a, items)
			return nil
		}
		if a != nil && a.sent {
			unsure = a
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, checkpoint.ErrLost):
			return err
		case errors.Is(err, errMoved):
			merr := c.moved(ctx, err)
			if merr == nil || errors.Is(merr, checkpoint.ErrLost) {
				return err
			}
			err = errors.Join(err, merr)
		case errors.Is(err, errUnsure):
			// Outside the transaction: the answer may take a minute.
			var fork *Fork
			aerr := c.again(ctx)
			switch {
			case aerr == nil:
				unsure.asked = true
				continue
			case errors.Is(aerr, checkpoint.ErrLost):
				return aerr
			case errors.As(aerr, &fork):
				finish(items, &Stopped{Shard: c.lease.Shard, Err: aerr})
				c.recheck.Store(true)
				return nil
			}
			err = errors.Join(err, aerr)
		case poisonous(err):
			rest, found, serr := c.split(ctx, all, err)
			if serr == nil && found {
				all = rest
				continue
			}
			err = errors.Join(err, serr)
		case monthMissing(err):
			err = errors.Join(err, c.makeMonth(ctx))
		}
		// Said at once, then ever more rarely: 1st, 2nd, 4th, 8th … try.
		if try&(try+1) == 0 {
			c.log.Warn().Err(err).Int("try", try+1).Int("batches", len(items)).Msg("commit failed, trying again")
		}
		if err := sleep(ctx, c.wait(try)); err != nil {
			return err
		}
	}
}

// wait is how long to wait after a try.
func (c *Committer) wait(try int) time.Duration {
	pause := min(c.pause<<min(try, 10), 50*c.pause)
	return pause/2 + c.jitter(pause)
}

// tell gives every caller its answer, and the relay its sign.
func (c *Committer) tell(ctx context.Context, a *attempt, items []*item) {
	for _, it := range items {
		it.outcome = a.outcomes[it]
	}
	finish(items, nil)
	c.metrics.committed(a)
	if made := a.made(); len(made) > 0 {
		c.made(ctx, made)
		c.wake()
	}
}

// poisonous reports whether Postgres refused what a statement holds, so that
// it will refuse it again: a value it cannot take (21, 22, 23), or one that is
// too much for it (54). A value that cannot even be encoded breaks the COPY
// from this side.
func poisonous(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || monthMissing(err) {
		return false
	}
	switch pg.Code[:min(2, len(pg.Code))] {
	case "21", "22", "23", "54":
		return true
	}
	return pg.Code == "57014" && strings.Contains(pg.Message, "COPY from stdin failed")
}

// split finds the units that Postgres refuses and returns the others. A
// refused action goes to quarantine with its batch, and counts as read; where
// the rest of a batch is refused, its caller gets the error.
func (c *Committer) split(ctx context.Context, all []unit, cause error) (rest []unit, found bool, err error) {
	bad := map[unit]error{}
	if err := c.search(ctx, all, cause, bad); err != nil {
		return nil, false, fmt.Errorf("look for what Postgres refuses: %w", err)
	}
	for _, u := range all {
		err, refused := bad[u]
		switch {
		case !refused:
			rest = append(rest, u)
		case u.seen == nil:
			c.log.Error().Err(err).Str("group", u.item.batch.Target.Group).Msg("Postgres refuses a batch")
			finish([]*item{u.item}, err)
		default:
			c.log.Warn().Err(err).Str("group", u.item.batch.Target.Group).Str("action", u.seen.ID).Msg("action quarantined: Postgres refuses it")
			u.item.refused = append(u.item.refused, refusal(u, err))
			c.remember(u)
		}
	}
	return rest, len(bad) > 0, nil
}

// search halves what was refused until single units are left.
func (c *Committer) search(ctx context.Context, refused []unit, cause error, bad map[unit]error) error {
	if len(refused) == 1 {
		bad[refused[0]] = cause
		return nil
	}
	for _, half := range [][]unit{refused[:len(refused)/2], refused[len(refused)/2:]} {
		_, err := c.transact(ctx, half, nil, false)
		if err == nil {
			continue
		}
		if !poisonous(err) {
			return err
		}
		if err := c.search(ctx, half, err, bad); err != nil {
			return err
		}
	}
	return nil
}

// What was refused is not tried again for an hour, so that one bad record in
// every tail costs one search and not one a minute. Forgetting it is harmless.
const (
	rememberFor  = time.Hour
	rememberMost = 10_000
)

func (c *Committer) remember(u unit) {
	if len(c.refused) >= rememberMost {
		clear(c.refused)
	}
	c.refused[fingerprint(u)] = time.Now()
}

func (c *Committer) leaveOut(all []unit) []unit {
	if len(c.refused) == 0 {
		return all
	}
	kept := all[:0]
	for _, u := range all {
		if u.seen != nil {
			if at, known := c.refused[fingerprint(u)]; known && time.Since(at) < rememberFor {
				u.item.refused = append(u.item.refused, refusal(u, errors.New("refused before")))
				continue
			}
		}
		kept = append(kept, u)
	}
	return kept
}

func fingerprint(u unit) [32]byte {
	return sha256.Sum256(append([]byte(u.item.batch.Target.Group+"\x00"+u.seen.ID+"\x00"), u.seen.Raw...))
}
