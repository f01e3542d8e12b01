package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// What breaks: operations ask for groups of a source that is not configured any
// more, ahead of one for a group that is.
// What must hold: they say so, once a minute at the most, and stand in nobody's way.
func TestAPartThatNobodyReadsStandsInNobodysWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, m, d, f := settled(t)
		for _, id := range []string{"x", "y", "z"} {
			g := tailed(id)
			g.Source = "elsewhere"
			m.set(g)
		}
		d.ask(checkpoint.CommandBackfill, false, past(20), "x", "y", "z", "g")
		if err := m.run(f, time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.parts[:3] {
			if p.sum.Failure != unread || p.sum.Outcome != "" || p.calls > 60 {
				t.Errorf("%s: %+v after %d reports", p.Group, p.sum, p.calls)
			}
		}
		if got := d.parts[3].sum.Outcome; got != checkpoint.Done {
			t.Errorf("g: %q", got)
		}
	})
}

// What breaks: a backfill is cancelled while it is under way. What must hold: it
// asks for nothing more.
func TestABackfillThatIsCancelledStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, m, d, f := settled(t)
		c.latency = 20 * time.Second
		d.ask(checkpoint.CommandBackfill, false, past(20), "g")
		end := m.side(f, 3*time.Hour)
		wait(t, 10*time.Second)
		d.mu.Lock()
		d.parts[0].sum.Outcome = "cancelled"
		d.mu.Unlock()
		wait(t, 10*time.Minute)
		c.mu.Lock()
		before := c.requests[Backfill]
		c.mu.Unlock()
		end()
		if n := c.requests[Backfill] - before; n > 0 || m.warned.Load() > 0 {
			t.Errorf("%d requests, %d warnings", n, m.warned.Load())
		}
	})
}

// What breaks: a backfill asks for more of the past than was wanted before, and
// for more than the API still has; the group is younger than that, too.
// What must hold: what is there is stored, and what is not is a gap (retention)
// back to where the group was created, which nobody would see otherwise.
func TestABackfillFromEarlierWidensWhatIsWanted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := found("g", 50*day)
		m := newMemory(t, c, g)
		c.add("g", every("a", time.Now().Add(-20*day), 2000, 14*time.Minute)...)
		f := m.fleet()
		s := f.Sources["s"]
		s.BackfillFrom = func(now time.Time) *time.Time { return ptr(now.Add(-10 * day)) }
		f.Sources["s"] = s
		d := &desk{m: m, quarantine: map[string][]string{}}
		f.Desk = d
		if err := m.run(f, time.Hour); err != nil {
			t.Fatal(err)
		}
		narrow := m.get("g").From
		d.ask(checkpoint.CommandBackfill, false, past(60), "g")
		if err := m.run(f, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
		got, oldest := m.get("g"), c.log["g"][len(c.log["g"])-1].start
		lost := Span{From: second(*g.Created), To: oldest}
		if !got.From.Equal(lost.From) || !got.Lost.Contains(lost) || got.Lost.Length() != lost.Length() || !got.Covered.Contains(Span{From: oldest, To: narrow}) {
			t.Errorf("wanted from %s before, from %s now; covered %v, lost %v", narrow, got.From, got.Covered, got.Lost)
		}
		if n := c.requests[Backfill]; n > 70 {
			t.Errorf("%d requests for 20 pages twice", n)
		}
	})
}
