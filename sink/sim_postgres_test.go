package sink

import (
	"context"
	"maps"
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

// hashes are the chain hashes of the rows asked for.
func (s *simState) hashes(a pgx.NamedArgs) (list [][]byte) {
	for _, r := range s.journal[min(a["after"].(int64), s.head.seq):min(a["until"].(int64), s.head.seq)] {
		list = append(list, r.ChainHash)
	}
	return list
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
				rows.add(now.head.seq, now.head.hash, k.seq, k.hash, known(k.recordedAt), k.cluster, k.topic, offset, now.stopped, Kind(""), "", now.hashes(a))
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
