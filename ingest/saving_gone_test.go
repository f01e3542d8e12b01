package ingest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A slow sink lets proofs wait, and nothing else.
type slow struct{ *memory }

func (s slow) Commit(ctx context.Context, b *Batch) (Outcome, error) {
	if len(b.Actions) == 0 && len(b.Covered) > 0 && !pause(ctx, 5*time.Second) {
		return Outcome{}, ctx.Err()
	}
	return s.memory.Commit(ctx, b)
}

// What breaks: a quiet group is deleted, and answers with an empty list; that this
// proves the time is still being saved when two lists lack the group.
// What must hold: what no list has confirmed is a gap (gone), and not covered.
func TestAProofOnItsWayDoesNotOutliveItsGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		f := m.fleet()
		f.Sink, f.Poll = slow{m}, time.Second
		end := m.side(f, 10*time.Minute)
		wait(t, time.Minute)
		m.mu.Lock()
		m.listed = time.Now()
		m.mu.Unlock()
		last := second(time.Now())
		wait(t, 28*time.Second)
		gone := time.Now()
		g := m.get("g")
		g.GoneAt = &gone
		m.set(g)
		wait(t, time.Minute)
		end()
		gap := Span{From: last, To: second(gone)}
		if g := m.get("g"); !g.Parked || !g.Lost.Contains(gap) || g.Covered.End().After(last) {
			t.Errorf("parked %v, listed until %s, gone at %s: covered %v, lost %v", g.Parked, last, gone, g.Covered, g.Lost)
		}
	})
}
