package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// quiet is a group that is covered from sixty days ago up to so long ago, whose
// actions of then are stored and whose source has shown some as old as reach.
func quiet(t *testing.T, c *cloud, away, reach time.Duration) (*memory, *Fleet) {
	g := tailed("g")
	now := time.Now().Truncate(time.Second)
	left := now.Add(-away)
	g.From, g.TailFrom, g.Created = now.Add(-60*day), left.Add(-10*time.Minute), ptr(now.Add(-60*day))
	g.Covered, g.Oldest, g.Age = g.Covered.Add(Span{From: g.From, To: left}), ptr(now.Add(-50*day)), reach
	m := newMemory(t, c, g)
	f := m.fleet()
	f.Counter = m
	return m, f
}

// old adds an action that is stored, and is forgotten unless it is shown still.
func (m *memory) old(id string, ago time.Duration, shown bool) {
	e := &event{id: id, start: time.Now().Add(-ago).Truncate(time.Second)}
	if !shown {
		e.expires = time.Now()
	}
	m.cloud.add("g", e)
	m.stored["g"][id] = "SUCCESS"
}

// What breaks: a group is quiet for longer than the API remembers, and somebody
// reconciles its last day. What must hold: nothing is lost, nothing changes.
func TestLaw02AReconcileOfAQuietGroupClaimsNothing(t *testing.T) {
	t.Parallel()
	for name, ago := range map[string]time.Duration{"older than what is shown": 45 * day, "forgotten meanwhile": 20 * day} {
		synctest.Test(t, func(t *testing.T) {
			m, f := quiet(t, newCloud(), time.Minute, 30*day)
			m.old("first", 50*day, false)
			m.old("last", ago, false)
			d := &desk{m: m, quarantine: map[string][]string{}}
			f.Desk = d
			d.ask(checkpoint.CommandReconcile, false, Span{From: time.Now().Add(-day), To: time.Now().Add(-2 * time.Minute)}, "g")
			if err := m.run(f, time.Hour); err != nil {
				t.Fatal(err)
			}
			g := m.get("g")
			if len(g.Lost) > 0 || len(g.Covered) != 1 || !g.Covered[0].From.Equal(g.From) {
				t.Errorf("%s: covered %v, lost %v", name, g.Covered, g.Lost)
			}
			if reach := f.Horizons.reach("s"); reach < 30*day {
				t.Errorf("%s: the source is thought to reach %s back", name, reach)
			}
			m.requireLag("g", 2*time.Minute)
		})
	}
}

// What breaks: nobody reads for eight days, in which nothing happened, and what
// is stored is older than what the API shows. What must hold: an absence that
// was to be expected is no evidence of a loss.
func TestLaw02AQuietAbsenceLosesNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reach time.Duration
		shown bool
		open  bool // the piece beyond a week stays unproven
	}{
		"still shown":           {shown: true},
		"forgotten, far reach":  {reach: 15 * day},
		"forgotten, none known": {open: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			m, f := quiet(t, newCloud(), 8*day, test.reach)
			m.old("last", 20*day, test.shown)
			if err := m.run(f, 3*time.Hour); err != nil {
				t.Fatal(err)
			}
			g := m.get("g")
			if len(g.Lost) > 0 || test.open == (len(g.Covered) == 1) {
				t.Errorf("%s: covered %v, lost %v", name, g.Covered, g.Lost)
			}
		})
	}
}

// What breaks: nobody reads for eight days, and the API does not show any more
// what it showed a week before that. What must hold: an honest gap.
func TestLaw02WhatTheAPIForgotAtTheEdgeIsAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, f := quiet(t, newCloud(), 8*day, 30*day)
		m.old("edge", 8*day+time.Hour, false)
		m.cloud.add("g", every("a", time.Now().Add(-3*day), 20, time.Hour)...)
		if err := m.run(f, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if g := m.get("g"); !g.Lost.Contains(Span{From: now.Add(-8 * day).Truncate(time.Second), To: now.Add(-4 * day).Truncate(time.Second)}) || g.Lost.Length() > 6*day {
			t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
		}
	})
}
