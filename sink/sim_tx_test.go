package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var errEnded = errors.New("terminating connection due to administrator command")

// A simTx is a transaction: what it writes is nowhere before COMMIT.
type simTx struct {
	pgx.Tx
	*actor
	db    *simPostgres
	next  *simState
	ended bool // by whoever claimed the shard, or because Postgres went back
}

func (s simSession) Begin(ctx context.Context) (pgx.Tx, error) {
	tx := &simTx{actor: s.actor, db: s.db}
	return tx, s.step(ctx, func() error { return nil })
}

func (t *simTx) Rollback(context.Context) error {
	t.db.sim.mu.Lock()
	defer t.db.sim.mu.Unlock()
	t.release()
	return nil
}

func (t *simTx) release() {
	if t.db.holder == t {
		t.db.holder = nil
	}
}

// end is pg_terminate_backend.
func (t *simTx) end() {
	t.ended = true
	t.release()
}

func (t *simTx) within(ctx context.Context, do func() error) error {
	return t.step(ctx, func() error {
		if t.ended {
			return errEnded
		}
		return do()
	})
}

func (t *simTx) Commit(ctx context.Context) error {
	return t.within(ctx, func() error {
		if t.next != nil {
			// Others may have noted what is published since.
			t.next.published, t.next.stopped = t.db.now.published, t.db.now.stopped
			t.db.commit(t.next)
		}
		t.release()
		return nil
	})
}

func (t *simTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	r := &simResults{}
	for _, q := range b.QueuedQueries {
		if q.SQL == lockSQL {
			if r.err = t.lock(ctx); r.err != nil {
				return r
			}
		}
	}
	r.err = t.within(ctx, func() error {
		for _, q := range b.QueuedQueries {
			rows := &simRows{at: -1}
			t.run(q.SQL, named(q.Arguments), rows)
			r.queue = append(r.queue, func() error { return q.Fn(&simResult{rows: rows}) })
			if q.Fn == nil {
				r.queue[len(r.queue)-1] = func() error { return nil }
			}
		}
		return nil
	})
	return r
}

// lock waits for the shard's row, as FOR UPDATE does under lock_timeout.
func (t *simTx) lock(ctx context.Context) error {
	for range 50 {
		t.db.sim.mu.Lock()
		free := !t.ended && (t.db.holder == nil || t.db.holder == t)
		if free {
			t.db.holder = t
		}
		pause := t.db.sim.pause(100 * time.Millisecond)
		t.db.sim.mu.Unlock()
		if free {
			return nil
		}
		time.Sleep(pause)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.New("canceling statement due to lock timeout")
}

func (t *simTx) run(sql string, a pgx.NamedArgs, rows *simRows) {
	sim := t.db.sim
	switch sql {
	case lockSQL:
		if !t.db.owns(a) {
			return
		}
		t.next = t.db.now.clone()
		h := t.next.head
		if at := micro(time.Now()); at.After(h.at) {
			h.at = at
		}
		rows.add(h.seq, h.hash, h.at, h.commit)
	case storedSQL, storedOneSQL:
		groups, actions := a["groups"].([]string), a["actions"].([]string)
		for i := range groups {
			if s, ok := t.db.now.actions[key{groups[i], actions[i]}]; ok {
				rows.add(groups[i], actions[i], s.hash, s.revision, !s.ended, s.epoch, s.asked, s.earlier, s.staleHash, s.since())
			}
		}
	case changeSQL, changeOneSQL:
		groups, actions := a["groups"].([]string), a["actions"].([]string)
		for i := range groups {
			s := t.next.actions[key{groups[i], actions[i]}]
			s.earlier = append(slices.Clip(s.earlier), a["former"].([][]byte)[i])
			s.hash, s.revision, s.ended = a["hashes"].([][]byte)[i], a["revisions"].([]int64)[i], !a["opens"].([]bool)[i]
			s.epoch, s.asked = a["epoch"].(int64), a["asked"].([]time.Time)[i]
			t.next.actions[key{groups[i], actions[i]}] = s
		}
		rows.tag = pgconn.NewCommandTag(fmt.Sprintf("UPDATE %d", len(groups)))
	case checkpointSQL:
		for _, span := range a["covered"].([]string) {
			t.next.covered[span] = true
		}
		rows.tag = pgconn.NewCommandTag("UPDATE 1")
	case headSQL:
		if !t.db.owns(a) {
			sim.fail("%s writes the head of a shard that it does not own", t.name)
		}
		t.next.head = head{seq: a["seq"].(int64), hash: a["hash"].([]byte), at: a["recorded_at"].(time.Time), commit: a["commit"].(string)}
	}
}
