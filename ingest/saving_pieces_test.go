package ingest

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A head so busy that it is proved piece by piece, by an API that answers at once.
// What must hold: each piece counts, and none is left out for having been proved a
// moment after another.
func TestABusyHeadIsCoveredPieceByPiece(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = time.Millisecond
		g := tailed("g")
		g.TailFrom = second(time.Now().Add(-time.Minute))
		m := newMemory(t, c, g)
		c.add("g", every("a", time.Now().Add(-11*time.Minute), 14_600, 45*time.Millisecond)...)
		w := m.reader("g")
		w.spawn = func(f func() error) { go func() { _ = f() }() }
		if err := w.tail(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		head := Span{From: second(time.Now().Add(-10 * time.Minute)), To: second(time.Now().Add(-2 * headroom))}
		if got := m.get("g").Covered; !got.Contains(head) {
			t.Errorf("covered %v, not %v", got, head)
		}
	})
}

// What breaks: the commit of what a group's first poll proved. What must hold: the
// past that it showed is not taken for one that is read and empty, and forgotten.
func TestAFirstPollThatIsNotSavedProvesNoPast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("g", 90*day), found("other", 90*day))
		c.add("other", every("o", time.Now().Add(-30*day), 10, time.Hour)...) // tells the horizon
		oldest := second(time.Now().Add(-25 * day))
		c.add("g", every("a", oldest, 30, 10*time.Hour)...)
		failed := false
		m.fail = func(b *Batch) error {
			if b.Target.Group == "g" && len(b.Covered) > 0 && !failed {
				failed = true
				return errors.New("connection reset")
			}
			return nil
		}
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		past := Span{From: oldest, To: second(time.Now().Add(-2 * time.Minute))}
		if g := m.get("g"); !failed || !g.Covered.Contains(past) {
			t.Errorf("covered %v, lost %v, not %v", g.Covered, g.Lost, past)
		}
	})
}
