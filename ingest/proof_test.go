package ingest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// A script answers by the number of the request alone. Its list has three rows.
type script func(n, start int) (total int, rows []*event)

type scripted struct {
	*cloud
	script script
}

func (a scripted) Actions(_ context.Context, _ Class, _ string, q Query) (*Page, error) {
	n := len(a.asked)
	a.asked = append(a.asked, q)
	total, rows := a.script(n, q.Start)
	if q.Start >= 3 { // behind the last row of each script's list
		total, rows = 3, nil
	}
	page := &Page{Asked: time.Now(), Date: time.Now(), Start: q.Start, Limit: 2, Total: total}
	for _, e := range rows {
		page.Actions = append(page.Actions, e.at(time.Now()))
	}
	return page, nil
}

// Answers that would add up to a proof, by count, though they are not of one
// list. Each is shown again and again; nothing of it may be covered.
func TestLaw02AnswersOfTwoListsProveNothing(t *testing.T) {
	t.Parallel()
	base := time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC)
	row := func(id string, at int) *event {
		return &event{id: id, start: base.Add(time.Duration(at) * time.Second)}
	}
	a, b, c := row("a", 30), row("b", 20), row("c", 10)
	for name, test := range map[string]struct {
		closed bool
		script script
		proves bool
	}{
		"one list, whole": {false, func(n, start int) (int, []*event) {
			if start == 0 {
				return 3, []*event{a, b}
			}
			return 3, []*event{b, c}
		}, true},
		"one closed list, whole": {true, func(n, start int) (int, []*event) {
			if start == 0 {
				return 3, []*event{a, b}
			}
			return 3, []*event{c}
		}, true},
		"the second page tells of one row more": {false, func(n, start int) (int, []*event) {
			if start == 0 {
				return 3, []*event{a, b}
			}
			return 4, []*event{b, c}
		}, false},
		"a closed span's second page tells of one row more": {true, func(n, start int) (int, []*event) {
			if start == 0 {
				return 3, []*event{a, b}
			}
			return 4, []*event{c}
		}, false},
		"a row is told of that no page shows": {false, func(n, start int) (int, []*event) {
			if start == 0 {
				return 3, []*event{a, b}
			}
			return 3, []*event{b}
		}, false},
		"each round shows another row, and never the third": {true, func(n, start int) (int, []*event) {
			if start > 0 {
				return 3, []*event{b}
			}
			return 3, []*event{row(fmt.Sprint("x", n/2%2), 30+n/2%2), b}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(t, newCloud(), tailed("g"))
				f := m.fleet()
				w := f.worker(Source{API: scripted{m.cloud, test.script}}, checkpoint.Lease{Epoch: 1}, time.Now(), m.get("g"))
				p := w.newPass(Tail, Span{From: base})
				if test.closed {
					p = w.newPass(Tail, Span{From: base, To: base.Add(time.Minute)})
				}
				var res result
				head, err := p.first(t.Context(), nil)
				switch {
				case err != nil:
				case test.closed:
					res, err = p.readClosed(t.Context(), head)
				default:
					res, err = p.readOpen(t.Context())
				}
				if err != nil {
					t.Fatal(err)
				}
				if res.proved != test.proves || (len(m.get("g").Covered) > 0) != test.proves {
					t.Errorf("proved: %v; covered %v", res.proved, m.get("g").Covered)
				}
			})
		})
	}
}

// The server's clock, which stamps the rows, is an hour behind ours. What is
// covered ends by its clock, or what it stamps from now on would be left out.
func TestAServerBehindOurClockIsCoveredByItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.skew = -time.Hour
		m := newMemory(t, c, tailed("g"))
		for i := range 250 {
			at := time.Now().Add(time.Duration(i) * 40 * time.Second)
			c.add("g", &event{id: fmt.Sprint("a", i), start: at.Add(-time.Hour).Truncate(time.Second), shown: at})
		}
		if err := m.run(m.fleet(), 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		if end := m.get("g").Covered.End(); end.After(time.Now().Add(-time.Hour)) {
			t.Errorf("covered up to %s, but it is %s there", end, time.Now().Add(-time.Hour))
		}
		m.requireAll("g")
		m.requireLag("g", time.Hour+2*time.Minute)
	})
}
