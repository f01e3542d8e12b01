package sink

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"aslogd/checkpoint"
)

// A simState is all that Postgres holds of the shard. Commits replace it, so a
// former one is Postgres restored to an older state.
type simState struct {
	lease     checkpoint.Lease
	head      head
	journal   []*Row
	actions   map[key]state
	covered   map[string]bool // spans, as text
	published published
	stopped   string
}

func (s *simState) clone() *simState {
	c := *s
	c.journal = slices.Clip(s.journal)
	c.actions, c.covered = maps.Clone(s.actions), maps.Clone(s.covered)
	return &c
}

// A simPostgres is a database with one shard: transactions that lock its row,
// and are all or nothing.
type simPostgres struct {
	sim    *simulation
	now    *simState
	before []*simState // what it was after each commit
	holder *simTx      // who has the shard's row locked
}

func (p *simPostgres) commit(next *simState) {
	p.before = append(p.before, p.now)
	p.now = next
	p.sim.judgeJournal()
}

// A simSession is one process's way to the database.
type simSession struct {
	*actor
	db *simPostgres
}

var _ database = simSession{}

func named(args []any) pgx.NamedArgs {
	if len(args) == 0 {
		return nil
	}
	return args[0].(pgx.NamedArgs)
}

func (p *simPostgres) owns(args pgx.NamedArgs) bool {
	l := p.now.lease
	return args["owner"] == l.Owner && args["epoch"] == l.Epoch
}

func (s simSession) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := s.Query(ctx, sql, args...)
	if err != nil {
		return &simRows{err: err}
	}
	return rows
}

// Query answers what the relay asks: only statements that it knows.
func (s simSession) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	a := named(args)
	rows := &simRows{at: -1}
	err := s.step(ctx, func() error {
		now := s.db.now
		switch sql {
		case relayStateSQL:
			if s.db.owns(a) {
				k := now.published
				offset := k.offset
				if k.seq == 0 {
					offset = -1
				}
				rows.add(now.head.seq, now.head.hash, k.seq, k.hash, known(k.recordedAt), k.cluster, k.topic, offset, now.stopped, Kind(""), "")
			}
		case relayRowSQL:
			if seq := a["seq"].(int64); seq > 0 && seq <= now.head.seq {
				r := now.journal[seq-1]
				rows.add(r.ChainHash, r.RecordedAt)
			}
		case relayFirstSQL:
			if now.head.seq > 0 {
				rows.add(int64(1))
			}
		case relayRowsSQL:
			for _, r := range now.journal[min(a["after"].(int64), now.head.seq):] {
				if len(rows.values) < a["rows"].(int) && !r.RecordedAt.Before(a["since"].(time.Time)) {
					rows.add(r.Seq, r.RecordedAt, r.Source, r.ProjectID, r.GroupID, r.GroupName, r.ActionID, r.Revision, r.Change,
						r.Status, r.Type, r.StartTime, r.EndTime, r.InstanceValue, r.DesireValue, r.ScalingValue, r.ContentHash, string(r.Raw), r.ChainHash)
				}
			}
		default:
			panic("a statement that the simulation does not know: " + sql)
		}
		return nil
	})
	return rows, err
}

func (s simSession) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	a := named(args)
	err := s.step(ctx, func() error {
		if sql == monthAheadSQL || sql == monthMissingSQL || !s.db.owns(a) {
			return nil
		}
		next := s.db.now.clone()
		switch p := next.published; sql {
		case relayAdvanceSQL:
			at := published{seq: a["seq"].(int64), hash: a["hash"].([]byte), cluster: a["cluster"].(string), topic: a["topic"].(string), offset: -1}
			if v, ok := a["offset"].(int64); ok {
				at.offset = v
			}
			if v, ok := a["recorded_at"].(time.Time); ok {
				at.recordedAt = v
			}
			if p.topic == at.topic && p.cluster == at.cluster && p.seq > at.seq {
				return nil
			}
			next.published, next.stopped = at, ""
		case relayStopSQL:
			next.stopped = a["stopped"].(string)
			s.db.sim.note("%s finds a fork: %s", s.name, next.stopped)
		default:
			panic("a statement that the simulation does not know: " + sql)
		}
		s.db.commit(next)
		return nil
	})
	return pgconn.CommandTag{}, err
}

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
	case storedSQL:
		groups, actions := a["groups"].([]string), a["actions"].([]string)
		for i := range groups {
			if s, ok := t.db.now.actions[key{groups[i], actions[i]}]; ok {
				rows.add(groups[i], actions[i], s.hash, s.revision, !s.ended, s.epoch, s.asked, s.earlier, s.staleHash, s.since())
			}
		}
	case changeSQL:
		groups, actions := a["groups"].([]string), a["actions"].([]string)
		for i := range groups {
			s := t.next.actions[key{groups[i], actions[i]}]
			s.earlier = append(slices.Clip(s.earlier), a["former"].([][]byte)[i])
			s.hash, s.revision, s.ended = a["hashes"].([][]byte)[i], a["revisions"].([]int64)[i], !a["opens"].([]bool)[i]
			s.epoch, s.asked = a["epoch"].(int64), a["asked"].([]time.Time)[i]
			t.next.actions[key{groups[i], actions[i]}] = s
		}
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

// simResults hands what a batch came to to whoever queued it.
type simResults struct {
	pgx.BatchResults
	queue []func() error
	err   error
}

func (r *simResults) Close() error {
	if r.err != nil {
		return r.err
	}
	for _, do := range r.queue {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

type simResult struct {
	pgx.BatchResults
	rows *simRows
}

func (r *simResult) Exec() (pgconn.CommandTag, error) { return r.rows.tag, nil }
func (r *simResult) Query() (pgx.Rows, error)         { return r.rows, nil }
func (r *simResult) QueryRow() pgx.Row                { return r.rows }

// simRows are the rows of an answer.
type simRows struct {
	pgx.Rows
	values [][]any
	at     int
	tag    pgconn.CommandTag
	err    error
}

func (r *simRows) add(values ...any)             { r.values = append(r.values, values) }
func (r *simRows) Next() bool                    { r.at++; return r.at < len(r.values) }
func (r *simRows) Err() error                    { return r.err }
func (r *simRows) Close()                        {}
func (r *simRows) CommandTag() pgconn.CommandTag { return r.tag }

func (r *simRows) Scan(to ...any) error {
	if r.err != nil {
		return r.err
	}
	if r.at < 0 && !r.Next() {
		return pgx.ErrNoRows
	}
	for i, v := range r.values[r.at] {
		dest := reflect.ValueOf(to[i]).Elem()
		if dest.Kind() == reflect.Pointer && v != nil && reflect.TypeOf(v) != dest.Type() {
			p := reflect.New(dest.Type().Elem())
			p.Elem().Set(reflect.ValueOf(v))
			dest.Set(p)
			continue
		}
		dest.Set(reflect.ValueOf(v))
	}
	return nil
}
