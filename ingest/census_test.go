package ingest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// hidden is a group with a day that was not read, in which so many actions began
// that go on for days; the API hides those where an end_time is given.
func hidden(t *testing.T, open int) (*cloud, *memory) {
	c := newCloud()
	c.hides = true
	g := tailed("g")
	g.From = g.From.Add(-24 * time.Hour)
	m := newMemory(t, c, g)
	c.add("g", every("past", g.From, 300, time.Minute)...)
	c.add("g", every("open", g.From.Add(time.Hour), open, 5*time.Second)...)
	for _, e := range c.log["g"][300:] {
		e.ends = time.Now().Add(100 * time.Hour)
	}
	return c, m
}

// What breaks: the right to read is withdrawn for a while, also just between the
// questions of one census; or a row that has just ended is shown among the open
// ones. What must hold: a census is taken then as ever.
func TestLaw02ACensusSurvivesAPassingRefusalAndAStaleRow(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(api API) API{
		"all is refused for ten minutes": func(api API) API { return refusing{api, time.Now().Add(10 * time.Minute), false} },
		"the right comes back":           func(api API) API { return &once{API: api} },
		"a stale row":                    func(api API) API { return stale{api} },
	} {
		synctest.Test(t, func(t *testing.T) {
			c, m := hidden(t, 3)
			f := m.fleet()
			s := f.Sources["s"]
			s.API = spoil(c)
			f.Sources["s"] = s
			if err := m.run(f, 3*time.Hour); err != nil {
				t.Fatal(err)
			}
			m.requireAll("g")
			if g := m.get("g"); len(g.Covered) != 1 || !g.Covered.Contains(Span{From: g.From, To: g.TailFrom}) {
				t.Errorf("%s: covered %v", name, g.Covered)
			}
		})
	}
}

// An API that refuses a status is read without a census, and asked for one
// seldom.
func TestAnAPIThatTakesNoStatusIsReadWithoutACensus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, m := hidden(t, 0)
		f := m.fleet()
		s := f.Sources["s"]
		s.API = refusing{c, time.Now().Add(1000 * time.Hour), true}
		f.Sources["s"] = s
		if err := m.run(f, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
	})
}

// refusing refuses all until the moment, or only what asks for a status.
type refusing struct {
	API
	until  time.Time
	status bool
}

func (r refusing) Actions(ctx context.Context, class Class, group string, q Query) (*Page, error) {
	if time.Now().Before(r.until) && (q.Open || !r.status) {
		return nil, fmt.Errorf("AS.0031: %w", ErrRefused)
	}
	return r.API.Actions(ctx, class, group, q)
}

// once refuses the first question for open actions.
type once struct {
	API
	asked bool
}

func (o *once) Actions(ctx context.Context, class Class, group string, q Query) (*Page, error) {
	if q.Open && !o.asked {
		o.asked = true
		return nil, fmt.Errorf("AS.0031: %w", ErrRefused)
	}
	return o.API.Actions(ctx, class, group, q)
}

// stale shows one row that has ended among the open ones.
type stale struct{ API }

func (s stale) Actions(ctx context.Context, class Class, group string, q Query) (*Page, error) {
	page, err := s.API.Actions(ctx, class, group, q)
	if err == nil && q.Open {
		past := &event{id: "past00000", start: time.Now().Add(-25 * time.Hour).Truncate(time.Second)}
		page.Actions = append(page.Actions, past.at(time.Now()))
		page.Total++
	}
	return page, err
}

// What breaks: the API takes a limit for fifty and does not say so, and 120
// actions of the past are open. What must hold: the first fifty are not taken
// for all of them.
func TestLaw02APageCutInSilenceIsNoWholeCensus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, m := hidden(t, 120)
		c.clamp, c.mute = 50, true
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
	})
}

// What breaks: thousands of actions of the past hang, more than a pass of the
// tail takes. What must hold: they are counted all the same, the past is covered,
// and each is followed to its end, whether or not an end_time hides them.
func TestManyHangingActionsOfThePastLetItBeCovered(t *testing.T) {
	t.Parallel()
	for _, hides := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c, m := hidden(t, 4500)
			c.hides = hides
			for i, e := range c.log["g"][300:] { // they end while they are followed
				e.ends = time.Now().Add(3*time.Hour + time.Duration(i%50)*time.Minute)
			}
			if err := m.run(m.fleet(), time.Hour); err != nil {
				t.Fatal(err)
			}
			g := m.get("g")
			if len(g.Covered) != 1 || !g.Covered.Contains(Span{From: g.From, To: g.TailFrom}) {
				t.Errorf("hides %v: covered %v", hides, g.Covered)
			}
			m.requireAll("g")
			m.requireLag("g", 2*time.Minute)
			if n := c.past["g"]; n > 110 { // 46 pages of open ones, and up to 49 of the past, which shows them or not
				t.Errorf("hides %v: %d requests of the backfill", hides, n)
			}
		})
	}
}

// What breaks: more actions of the past are open than can be asked for. What must
// hold: what is shown of the past is stored, none of it is called covered, and
// the group's polls go on.
func TestLaw02TooManyOpenActionsHoldUpNoReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, m := hidden(t, 2100)
		c.refuses = 1500
		if err := m.run(m.fleet(), 5*time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, e := range c.log["g"] {
			if e.ends.IsZero() && m.status("g", e.id) == "" {
				t.Fatalf("%s is not stored", e.id)
			}
		}
		g := m.get("g")
		if past := within(g.Covered, Span{From: g.From, To: g.TailFrom.Add(-leastOverlap)}); len(past) > 0 {
			t.Errorf("covered %v though nobody knows what is open", past)
		}
		if n := c.requests[Tail] + c.requests[Follow]; n < 250 || m.warned.Load() > 0 {
			t.Errorf("%d polls in five hours, %d warnings", n, m.warned.Load())
		}
	})
}

// A hundred holes are read with one census, and what began since is not taken
// to be in it.
func TestOneCensusDoesForManyHoles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, m := hidden(t, 3)
		g := m.get("g")
		for i := range 100 {
			at := g.From.Add(time.Duration(i) * 14 * time.Minute)
			g.Covered = g.Covered.Add(Span{From: at, To: at.Add(time.Minute)})
		}
		m.set(g)
		w := m.reader("g")
		if _, err := w.fill(t.Context()); err != nil {
			t.Fatal(err)
		}
		open := func() (n int) {
			for _, q := range c.asked {
				if q.Open {
					n++
				}
			}
			return n
		}
		if n := open(); n != 1 || len(w.holes()) > 0 {
			t.Errorf("%d censuses for 100 holes, of which are left %v", n, w.holes())
		}
		before := open()
		now := second(time.Now())
		for _, span := range []Span{{From: g.From, To: now}, {From: g.From, To: now.Add(-20 * time.Minute)}} {
			if err := w.readSpan(t.Context(), Backfill, span, func(result) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if n := open() - before; n != 1 {
			t.Errorf("%d more for a span up to now and one up to a while ago", n)
		}
	})
}
