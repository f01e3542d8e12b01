package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/simulator"
	"aslogd/sink/broker"
)

// A verdict is what a run came to, held against the simulator's truth.
type verdict struct {
	Actions   int // in the truth, but for those that belong in quarantine
	Rows      int // in aslog.scaling_action
	Revisions int // in the journal
	Records   int // in the topic, as a read_committed reader sees it

	Missing    int // actions not stored in their last state, revisions not in the topic
	Repeated   int // revisions that say what the one before said, records seen again or out of order
	Unexpected int // rows that the truth does not know
	Examples   []string
}

func (v *verdict) good() bool { return v.Missing == 0 && v.Repeated == 0 && v.Unexpected == 0 }

func (v *verdict) note(counter *int, format string, args ...any) {
	*counter++
	if len(v.Examples) < 10 {
		v.Examples = append(v.Examples, fmt.Sprintf(format, args...))
	}
}

type actionKey struct{ group, action string }

// judge compares truth, tables, journal and topic. No brokers: no topic.
func judge(ctx context.Context, truth *simulator.Truth, pool *pgxpool.Pool, brokers []string, prefix string) (*verdict, error) {
	v := &verdict{}
	journal, err := v.readJournal(ctx, pool)
	if err != nil {
		return nil, err
	}
	rows, err := pool.Query(ctx, "SELECT group_id, action_id, shard, seq FROM aslog.scaling_action")
	if err != nil {
		return nil, fmt.Errorf("read the actions: %w", err)
	}
	stored := map[actionKey]bool{}
	var key actionKey
	var shard int
	var seq int64
	_, err = pgx.ForEachRow(rows, []any{&key.group, &key.action, &shard, &seq}, func() error {
		v.Rows++
		stored[key] = true
		if newest := journal.newest[key]; newest.shard != shard || newest.seq != seq {
			v.note(&v.Missing, "the row of %v is not its newest revision", key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the actions: %w", err)
	}
	for _, g := range truth.Groups {
		for i := range g.Actions {
			a := &g.Actions[i]
			if a.Quarantined {
				continue
			}
			v.Actions++
			key := actionKey{g.ID, a.ID}
			switch {
			case !stored[key]:
				v.note(&v.Missing, "action %v is not stored", key)
			case !bytes.Equal(journal.newest[key].raw, a.Last().Raw):
				v.note(&v.Missing, "action %v is not stored in its last state", key)
			}
			delete(stored, key)
		}
	}
	for key := range stored {
		v.note(&v.Unexpected, "action %v is stored, and never was", key)
	}
	if len(brokers) == 0 {
		return v, nil
	}
	var shards int
	if err := pool.QueryRow(ctx, "SELECT shards FROM aslog.schema_info").Scan(&shards); err != nil {
		return nil, fmt.Errorf("read the number of shards: %w", err)
	}
	return v, v.readTopic(ctx, journal, brokers, broker.ActionsTopic(prefix), shards)
}

type revision struct {
	shard  int
	seq    int64
	number int64
	raw    []byte
}

type journalRows struct {
	newest map[actionKey]revision
	ids    map[int][]string // by shard, in the order of seq: group/action/revision
}

func (v *verdict) readJournal(ctx context.Context, pool *pgxpool.Pool) (*journalRows, error) {
	rows, err := pool.Query(ctx, "SELECT group_id, action_id, shard, seq, revision, raw::text FROM aslog.journal ORDER BY shard, seq")
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	j := &journalRows{newest: map[actionKey]revision{}, ids: map[int][]string{}}
	var key actionKey
	var r revision
	var raw string
	_, err = pgx.ForEachRow(rows, []any{&key.group, &key.action, &r.shard, &r.seq, &r.number, &raw}, func() error {
		v.Revisions++
		r.raw = []byte(raw)
		before := j.newest[key]
		if bytes.Equal(before.raw, r.raw) || before.number+1 != r.number {
			v.note(&v.Repeated, "revision %d of %v follows revision %d", r.number, key, before.number)
		}
		j.newest[key] = r
		j.ids[r.shard] = append(j.ids[r.shard], fmt.Sprintf("%s/%s/%d", key.group, key.action, r.number))
		if r.seq != int64(len(j.ids[r.shard])) {
			v.note(&v.Missing, "shard %d has seq %d in place %d", r.shard, r.seq, len(j.ids[r.shard]))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return j, nil
}
