package ingest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// A keeper counts the pages that are not given back when a request is sent.
type keeper struct {
	*cloud
	t    *testing.T
	kept int
}

func (k *keeper) Actions(ctx context.Context, class Class, group string, q Query) (*Page, error) {
	k.mu.Lock()
	kept := k.kept
	k.mu.Unlock()
	if kept > 0 && q.Start%pageLimit == 0 && q.Start > 0 { // side by side with another, which is being stored
		kept = 0
	}
	if kept > 0 {
		k.t.Errorf("%+v is asked for while %d pages are kept", q, kept)
	}
	page, err := k.cloud.Actions(ctx, class, group, q)
	if err == nil {
		k.count(1)
		page.Free = func() { k.count(-1) }
	}
	return page, err
}

func (k *keeper) count(by int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept += by
}

// What breaks: a row comes in while a pass looks behind the last one, or a
// second is too full to page through.
// What must hold: no page is kept while another is asked for. Two passes that
// do, and wait for the room that each other's page takes, wait for ever.
func TestLaw09NoPageIsKeptWhileAnotherIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refuses int
		open    bool
		rows    []*event
	}{
		"behind an open span":  {open: true, rows: every("a", time.Unix(0, 0), pageLimit, 0)},
		"behind a closed span": {rows: every("a", time.Unix(0, 0), pageLimit, 0)},
		"a second alone":       {refuses: 301, rows: every("a", time.Unix(0, 0), 500, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at := second(time.Now().Add(-time.Minute))
				c := newCloud()
				c.refuses = test.refuses
				for _, e := range test.rows {
					e.start = at
				}
				c.add("g", test.rows...)
				c.weather = func(_ int, _ string, q Query) error {
					if q.Limit == 1 && q.Start == pageLimit { // behind
						c.add("g", &event{id: "late", start: at})
					}
					return nil
				}
				m := newMemory(t, c, tailed("g"))
				api := &keeper{cloud: c, t: t}
				w := m.fleet().worker(Source{API: api}, checkpoint.Lease{Epoch: 1}, time.Now(), m.get("g"))
				if test.open {
					if _, err := w.newPass(Tail, Span{From: at}).readOpen(t.Context()); err != nil {
						t.Fatal(err)
					}
				} else if err := w.readSpan(t.Context(), Backfill, Span{From: at, To: at.Add(time.Second)}, func(result) error { return nil }); err != nil {
					t.Fatal(err)
				}
				if api.kept > 0 {
					t.Errorf("%d pages are kept at the end", api.kept)
				}
			})
		})
	}
}

// What breaks: whatever is asked for after the newest rows of a span, be it
// more of them or what only proves them, fails for ever.
// What must hold: those rows are stored.
func TestWhatWasReadIsStoredWhateverBecomesOfItsProof(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]int{"behind": pageLimit, "more": 250, "what is remembered": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at := second(time.Now().Add(-time.Hour))
				c := newCloud()
				c.add("g", every("a", at.Add(time.Minute), rows, time.Second)...)
				c.weather = func(n int, _ string, q Query) error {
					if !q.Open && (q.Start > 0 || q.Limit == 1) {
						return errors.New("500")
					}
					return nil
				}
				g := tailed("g")
				g.Oldest = ptr(at.Add(-time.Hour))
				m := newMemory(t, c, g)
				for _, class := range []Class{Backfill, Reconcile} {
					err := m.reader("g").readSpan(t.Context(), class, Span{From: at, To: at.Add(30 * time.Minute)}, func(result) error { return nil })
					if err == nil {
						t.Error("nothing failed: the test shows nothing")
					}
				}
				if n := len(m.stored["g"]); n != min(rows, pageLimit) {
					t.Errorf("%d rows are stored", n)
				}
			})
		})
	}
}
