package ingest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// told remembers the lateness that each batch carried.
type told []time.Duration

func (t *told) Commit(_ context.Context, b *Batch) (Outcome, error) {
	*t = append(*t, b.Late)
	return Outcome{}, nil
}

// What breaks: a group was hours late once, and never again. What must hold: the
// tail's overlap comes back to its least, and what was told is not told again.
func TestLatenessHalvesInAWeek(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t, newCloud(), tailed("g"))
		w, sink := m.reader("g"), &told{}
		w.sink = sink
		after := func(d, late, want, overlap time.Duration) {
			t.Helper()
			time.Sleep(d)
			w.mu.Lock()
			w.late = max(w.late, late)
			w.mu.Unlock()
			now := time.Now()
			if _, err := w.commit(t.Context(), Tail, &Batch{Covered: []Span{{From: now, To: now.Add(time.Second)}}}); err != nil {
				t.Fatal(err)
			}
			if got := w.group.Lateness; (got - want).Abs() > time.Second {
				t.Errorf("after %s: lateness %s, not %s", d, got, want)
			}
			if got := w.overlapLocked(); (got - overlap).Abs() > 2*time.Second {
				t.Errorf("after %s: overlap %s, not %s", d, got, overlap)
			}
			if w.late != 0 {
				t.Errorf("after %s: %s is still to be told", d, w.late)
			}
		}
		after(0, 8*time.Hour, 8*time.Hour, mostOverlap)
		after(7*day, 0, 4*time.Hour, mostOverlap)
		after(7*day/2, 0, 10182*time.Second, 15273*time.Second)
		after(7*day/2, time.Hour, 2*time.Hour, 3*time.Hour) // less than is known
		after(7*day, 90*time.Minute, 90*time.Minute, 135*time.Minute)
		after(70*day, 0, 5*time.Second, leastOverlap)
		for i, late := range *sink {
			if want := map[int]time.Duration{0: 8 * time.Hour, 4: 90 * time.Minute}[i]; late != want {
				t.Errorf("batch %d told a lateness of %s", i, late)
			}
		}
	})
}
