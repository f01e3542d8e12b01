package asapi_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/asapi"
	"aslogd/internal/simulator"
)

// A ward is the groups of a shard, and notes the actions that are read of them.
type ward struct {
	groups []checkpoint.Group
	mu     sync.Mutex
	read   map[string]map[string]bool
}

func (w *ward) Groups(context.Context, int) ([]checkpoint.Group, error) { return w.groups, nil }

func (w *ward) News(context.Context, int, time.Time) ([]checkpoint.Group, time.Time, error) {
	return nil, time.Now(), nil
}

func (w *ward) Commit(_ context.Context, b *ingest.Batch) (ingest.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range b.Actions {
		w.read[b.Target.Group][a.ID] = true
	}
	return ingest.Outcome{}, nil
}

// What breaks: some groups answer only after an hour, or with 500s alone, from
// the first poll on, while the others have a past to be read. What must hold: each
// of the others is polled at the very moments at which it is without them, and its
// past is read whole.
func TestLaw07SlowAndFailingGroupsDelayNoOther(t *testing.T) {
	t.Parallel()
	const groups, actions, minutes = 24, 150, 10
	run := func(t *testing.T, slow, failing int) (polls map[string][]time.Time) {
		sim, err := simulator.New(simulator.Config{Seed: 3, Groups: groups, ActionsPerGroup: actions, Project: "p",
			Faults: simulator.Faults{SlowGroups: slow, SlowFor: time.Hour, FailGroups: failing}})
		if err != nil {
			t.Fatal(err)
		}
		all := &ward{read: map[string]map[string]bool{}}
		for _, g := range sim.Truth().Groups {
			all.read[g.ID] = map[string]bool{}
			all.groups = append(all.groups, checkpoint.Group{ID: g.ID, Source: "s", Project: "p", Created: &g.Created, Seen: time.Now()})
		}
		budget := asapi.NewBudget("s", 1200, &grants{}, nil)
		client, err := asapi.New(asapi.Config{Source: "s", URL: "https://as.example", Project: "p", Auth: asapi.None{},
			Budget: budget, Memory: asapi.NewMemory(64 << 20), Transport: sim.Transport()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
		defer cancel()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = budget.Run(ctx) // ends with ctx
		}()
		f := &ingest.Fleet{
			Sources: map[string]ingest.Source{"s": {API: client, Project: "p", Backfills: make(chan struct{}, 8)}},
			Roster:  all, Sink: all, Poll: time.Minute, Horizons: &ingest.Horizons{}, Warn: func(ingest.Target, error) {},
		}
		if err := f.Run(ctx, checkpoint.Lease{Epoch: 1, Owner: "me"}); err != nil {
			t.Fatal(err)
		}
		<-ended
		polls = map[string][]time.Time{}
		for _, p := range sim.Polls()[4:] { // the first four are those that may be faulty
			if p.Faulty {
				t.Fatalf("%s is faulty", p.Group)
			}
			if n := len(all.read[p.Group]); n != actions {
				t.Errorf("beside %d slow and %d failing groups %d of %d actions of %s were read", slow, failing, n, actions, p.Group)
			}
			polls[p.Group] = p.At
		}
		return polls
	}
	// Two bubbles, which begin at the same moment of fake time.
	var alone, beside map[string][]time.Time
	synctest.Test(t, func(t *testing.T) { alone = run(t, 0, 0) })
	synctest.Test(t, func(t *testing.T) { beside = run(t, 2, 2) })
	for group, at := range alone {
		if len(at) < minutes || len(beside[group]) != len(at) {
			t.Fatalf("%s was polled %d times in %d minutes, and %d times beside slow and failing groups", group, len(at), minutes, len(beside[group]))
		}
		for i, moment := range at {
			if late := beside[group][i].Sub(moment); late.Abs() > time.Second {
				t.Fatalf("poll %d of %s came %s later beside slow and failing groups", i, group, late)
			}
		}
	}
}
