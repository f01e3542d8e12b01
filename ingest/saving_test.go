package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A patient sink keeps a batch that holds no rows for five seconds, for company.
type patient struct {
	*memory
	empty, full atomic.Int64
}

func (p *patient) Commit(ctx context.Context, b *Batch) (Outcome, error) {
	if len(b.Actions) > 0 {
		p.full.Add(1)
		return p.memory.Commit(ctx, b)
	}
	p.empty.Add(1)
	if !pause(ctx, 5*time.Second) {
		return Outcome{}, ctx.Err()
	}
	return p.memory.Commit(ctx, b)
}

// A group is polled each second, and mostly nothing is new. What must hold: what
// is new is stored at once, though the commit of a mere proof waits for company;
// proofs are saved once in some seconds, and what is covered keeps up.
func TestAPollDoesNotWaitForTheCommitOfAProof(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		sink := &patient{memory: m}
		f := m.fleet()
		f.Sink, f.Poll = sink, time.Second
		end := m.side(f, 10*time.Minute)
		wait(t, time.Minute)
		for i := range 50 {
			e := &event{id: fmt.Sprint("e", i), start: time.Now().Truncate(time.Second)}
			c.add("g", e)
			wait(t, 1500*time.Millisecond)
			if m.status("g", e.id) == "" {
				t.Errorf("%s is not stored a second and a half after it was shown", e.id)
			}
			wait(t, 6300*time.Millisecond)
		}
		if lag := time.Since(m.get("g").Covered.End()); lag > 13*time.Second {
			t.Errorf("covered up to %s ago", lag)
		}
		end()
		m.requireAll("g")
		if empty, full := sink.empty.Load(), sink.full.Load(); empty > 150 || full > 51 {
			t.Errorf("%d commits of proofs and %d of rows in ten minutes", empty, full)
		}
	})
}

// What breaks: Postgres refuses for ten minutes. What must hold: that is told,
// though nothing is new and the proofs are saved beside the polls; and afterwards
// what is covered keeps up again.
func TestAProofThatCannotBeSavedIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t, newCloud(), tailed("g"))
		broken := time.Now().Add(10 * time.Minute)
		m.fail = func(*Batch) error {
			if time.Now().Before(broken) {
				return errors.New("connection refused")
			}
			return nil
		}
		f := m.fleet()
		f.Poll = 5 * time.Second
		if err := m.run(f, 15*time.Minute); err != nil {
			t.Fatal(err)
		}
		if n := m.warned.Load(); n < 2 || n > 12 {
			t.Errorf("told %d times", n)
		}
		m.requireLag("g", 15*time.Second)
	})
}
