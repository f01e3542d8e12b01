package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// Groups that have lived little cost one request until all of their past is
// proved, and polls from then on; open actions of long ago are in it.
func TestLaw10APastOfOnePageCostsOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, found("some", 60*day), found("none", 3*day), found("old", 90*day))
		c.add("old", every("o", time.Now().Add(-90*day), 99, 20*time.Hour)...) // tells the horizon
		c.add("some", every("a", time.Now().Add(-40*day), 40, 20*time.Hour)...)
		c.add("some", &event{id: "hangs", start: time.Now().Add(-20 * day).Truncate(time.Second), ends: time.Now().Add(time.Hour)})
		if err := m.run(m.fleet(), 150*time.Second); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"some", "none", "old"} {
			m.requireAll(id)
			m.requireLag(id, 2*time.Minute)
		}
		if n := c.requests[Backfill]; n > 0 {
			t.Errorf("%d requests for pasts of one page", n)
		}
		if n := c.requests[Tail] + c.requests[Follow]; n > 3*4+1 { // one asks for what hangs
			t.Errorf("%v for four polls of three groups", c.requests)
		}
	})
}

// The backfill begins with the page that the first poll read. What breaks: there
// are actions at the edge of that span, or in the last minutes; those that have not
// ended are hidden under an end time; the list comes oldest first; late ones come
// in between. What must hold: all are stored, and what is covered is complete.
func TestLaw02TheBackfillBeginsWithWhatTheFirstPollRead(t *testing.T) {
	t.Parallel()
	type world struct {
		recent, edge, hidden, late, ascending bool
		most                                  int
	}
	for name, w := range map[string]world{
		"nothing special": {most: 12},
		"recent":          {recent: true, most: 12},
		"edge":            {edge: true, most: 13},
		"hidden":          {hidden: true, most: 20},
		"late":            {late: true, most: 26},
		"ascending":       {recent: true, ascending: true, most: 20},
		"hidden and late": {recent: true, edge: true, hidden: true, late: true, most: 26},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud()
				c.hides, c.ascending = w.hidden, w.ascending
				m := newMemory(t, c, found("g", 30*day))
				now := time.Now().Truncate(time.Second)
				c.add("g", &event{id: "first", start: now.Add(-30 * day)})
				c.add("g", every("a", now.Add(-20*day), 1000, 25*time.Minute)...)
				if w.recent {
					c.add("g", every("r", now.Add(-9*time.Minute), 30, 10*time.Second)...)
				}
				if w.edge {
					c.add("g", every("e", now.Add(-leastOverlap-3*time.Second), 7, time.Second)...)
				}
				if w.hidden {
					c.add("g", &event{id: "hidden", start: now.Add(-3*day - time.Second), ends: now.Add(5 * time.Minute)})
					c.add("g", &event{id: "ends", start: now.Add(-4*day - time.Second), ends: now.Add(time.Second)})
				}
				if w.late {
					c.add("g", &event{id: "late", start: now.Add(-10*day - time.Second), shown: now.Add(120 * time.Millisecond)})
				}
				if err := m.run(m.fleet(), 8*time.Hour); err != nil {
					t.Fatal(err)
				}
				m.requireAll("g")
				m.requireLag("g", 2*time.Minute)
				if n := c.requests[Backfill]; n > w.most {
					t.Errorf("%d requests", n)
				}
				t.Log(name, c.requests)
			})
		})
	}
}

// The API keeps thirty days, and the group is older than that, though it shows few
// actions. What is before the oldest of them is lost, and not called covered by
// the page that shows all there is.
func TestLaw02APastOfOnePageBeginsWithItsOldest(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 30} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			m := newMemory(t, c, found("g", 90*day), found("other", 90*day))
			c.add("other", every("o", time.Now().Add(-30*day), 10, time.Hour)...) // tells the horizon
			oldest := second(time.Now().Add(-leastOverlap - 5*time.Second))       // where its tail begins, or so
			if rows > 0 {
				oldest = second(time.Now().Add(-25 * day))
				c.add("g", every("a", oldest, rows, 10*time.Hour)...)
			}
			if err := m.run(m.fleet(), time.Hour); err != nil {
				t.Fatal(err)
			}
			m.requireAll("g")
			m.requireLag("g", 2*time.Minute)
			before := Span{From: second(*m.get("g").Created), To: oldest}
			if g := m.get("g"); !g.Lost.Contains(before) || len(within(g.Covered, before)) > 0 {
				t.Errorf("%d rows: covered %v, lost %v, not %v", rows, g.Covered, g.Lost, before)
			}
		})
	}
}
