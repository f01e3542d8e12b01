package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: nobody reads for two weeks. What must hold: a lateness has faded
// for that long, as the checkpoint's has, and what is measured then is told.
func TestLatenessFadesWhileNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := tailed("g")
		g.Lateness, g.LateAt = 8*time.Hour, time.Now().Add(-14*day)
		m := newMemory(t, newCloud(), g)
		w, sink := m.reader("g"), &told{}
		w.sink, w.late = sink, 3*time.Hour
		if got := w.overlapLocked(); got != 3*time.Hour {
			t.Errorf("an overlap of %s", got)
		}
		now := time.Now()
		if _, err := w.commit(t.Context(), Tail, &Batch{Covered: []Span{{From: now, To: now.Add(time.Second)}}}); err != nil {
			t.Fatal(err)
		}
		if (*sink)[0] != 3*time.Hour || w.group.Lateness != 3*time.Hour {
			t.Errorf("told %s, and %s is believed", (*sink)[0], w.group.Lateness)
		}
	})
}
