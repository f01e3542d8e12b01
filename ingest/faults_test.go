package ingest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

func unreadable(id string) error {
	sum := sha256.Sum256([]byte(id))
	return &PageError{Reject: Reject{Reason: "page", Detail: "HTML", Raw: []byte(id), RawHash: sum[:], Page: true}}
}

// poison makes every page that holds the row no JSON. It reads the cloud as a
// request would.
func poison(c *cloud, id string) func(int, string, Query) error {
	return func(_ int, group string, q Query) error {
		page, err := c.quiet(group, q)
		if err == nil && slices.ContainsFunc(rowsOf(page), func(r row) bool { return r.key == id }) {
			return unreadable(id)
		}
		return err
	}
}

// One record breaks each page that it is on: it goes to quarantine alone, its
// neighbours are stored, and the span is proved with it.
func TestLaw07ARowThatBreaksItsPageCostsItselfAlone(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 99, 120, 199, 249} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud()
				m := newMemory(t, c, tailed("g"))
				c.add("g", every("a", time.Now().Add(-time.Hour), 250, 14*time.Second)...)
				bad := fmt.Sprintf("a%05d", at)
				c.weather = poison(c, bad)
				if err := m.reader("g").tail(t.Context()); err != nil {
					t.Fatal(err)
				}
				if len(m.stored["g"]) != 249 || len(m.rejects) == 0 || string(m.rejects[0].Raw) != bad || m.rejects[0].Page {
					t.Errorf("%d stored, rejects %v", len(m.stored["g"]), m.rejects)
				}
				m.requireLag("g", 10*time.Second)
				if n := len(c.asked); n > 40 {
					t.Errorf("%d requests to find one row", n)
				}
			})
		})
	}
}

// The API answers with error pages for an hour: each failed pass leaves one
// page in quarantine, asks little, and all is well afterwards.
func TestLaw07AnHourOfErrorPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("a", time.Now().Add(-time.Hour), 250, 14*time.Second)...)
		mended := time.Now().Add(time.Hour)
		c.weather = func(int, string, Query) error {
			if time.Now().Before(mended) {
				return unreadable("<html>")
			}
			return nil
		}
		if err := m.run(m.fleet(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if n := len(m.rejects); n < 30 || n > 240 || !m.rejects[0].Page {
			t.Errorf("%d rejects", n)
		}
		if err := m.run(m.fleet(), 5*time.Minute); err != nil {
			t.Fatal(err)
		}
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
	})
}

// A second with more rows than the API lets anyone page to is lost, with its
// reason; what is on both sides of it is covered.
func TestLaw02ASecondTooFullToPageThroughIsAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.latency = time.Millisecond
		m := newMemory(t, c, tailed("g"))
		at := time.Now().Add(-30 * time.Minute).Truncate(time.Second)
		c.add("g", every("full", at, deepest+pageLimit+10, 0)...)
		c.add("g", every("a", time.Now().Add(-time.Hour), 100, 30*time.Second)...)
		w := m.reader("g")
		hour := Span{From: m.get("g").From, To: time.Now().Add(-time.Minute).Truncate(time.Second)}
		if err := w.readSpan(t.Context(), Tail, hour, func(result) error { return nil }); err != nil {
			t.Fatal(err)
		}
		g := m.get("g")
		if !g.Covered.Add(g.Lost...).Contains(hour) || !g.Lost.Contains(Span{From: at, To: at.Add(time.Second)}) || g.Lost.Length() > time.Second {
			t.Errorf("covered %v, lost %v", g.Covered, g.Lost)
		}
		if len(m.stored["g"]) < deepest+pageLimit {
			t.Errorf("only %d stored", len(m.stored["g"]))
		}
	})
}

// A group that only refuses is asked ever less often, and its neighbour does
// not notice.
func TestLaw07ARefusedGroupDisturbsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("denied"), tailed("g"))
		c.add("g", every("a", time.Now().Add(-time.Hour), 2000, 10*time.Second)...)
		asked := 0
		mended := time.Now().Add(5 * time.Hour)
		c.weather = func(_ int, group string, _ Query) error {
			if group == "denied" && time.Now().Before(mended) {
				asked++
				return fmt.Errorf("AS.0031: %w", ErrRefused)
			}
			return nil
		}
		f := m.fleet()
		end := m.side(f, 6*time.Hour+30*time.Minute)
		wait(t, 5*time.Hour-time.Second)
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
		if asked > 15 {
			t.Errorf("asked %d times", asked)
		}
		end()
		m.requireLag("denied", 2*time.Minute)
	})
}

// The shard is another's: all workers stop, and the fleet says so.
func TestLaw04ALostShardStopsTheFleet(t *testing.T) {
	t.Parallel()
	for name, learns := range map[string]func(*Batch) bool{
		"by a proof":  func(b *Batch) bool { return len(b.Actions) == 0 },
		"by a record": func(b *Batch) bool { return len(b.Actions) > 0 },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud()
			m := newMemory(t, c, tailed("g"), found("h", time.Hour))
			lost := time.Now().Add(10 * time.Minute)
			c.add("g", every("a", lost.Add(time.Second), 1, time.Second)...)
			m.fail = func(b *Batch) error {
				if time.Now().After(lost) && learns(b) {
					return fmt.Errorf("commit: %w", checkpoint.ErrLost)
				}
				return nil
			}
			if err := m.run(m.fleet(), time.Hour); !errors.Is(err, checkpoint.ErrLost) {
				t.Errorf("%s: ended with %v", name, err)
			}
			if time.Since(lost) > 2*time.Minute {
				t.Errorf("%s: stopped %s after", name, time.Since(lost))
			}
		})
	}
}

// What breaks: for ten minutes answers do not say how many rows there are. What
// must hold: the rows that they show are stored, nothing is proved by them and
// nothing quarantined; then the group goes on.
func TestLaw02APageWithoutATotalIsKeptAndProvesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("a", time.Now().Add(-30*time.Minute), 40, 40*time.Second)...)
		c.weather = func(_ int, group string, q Query) error {
			page, err := c.quiet(group, q)
			if err != nil {
				return err
			}
			page.Total, page.Asked = 0, time.Now()
			return &PartError{Page: page, Detail: "total_number is missing"}
		}
		end := m.side(m.fleet(), 30*time.Minute)
		wait(t, 10*time.Minute)
		if g := m.get("g"); len(m.stored["g"]) != 40 || len(m.rejects) > 0 || len(g.Covered) > 0 {
			t.Errorf("%d stored, %d quarantined, covered %v", len(m.stored["g"]), len(m.rejects), g.Covered)
		}
		if n := c.sent(); n > 20 {
			t.Errorf("%d requests", n)
		}
		c.mu.Lock()
		c.weather = nil
		c.mu.Unlock()
		end()
		m.requireAll("g")
		m.requireLag("g", 2*time.Minute)
	})
}

// What a pass that proves its span tells of records without an id: those that
// are still there, so that the others can be resolved.
func TestAProofNamesWhatItCouldNotTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		m := newMemory(t, c, tailed("g"))
		c.add("g", every("a", time.Now().Add(-time.Hour), 150, 14*time.Second)...)
		c.weather = poison(c, "a00120")
		var proofs []*Proof
		m.fail = func(b *Batch) error {
			if b.Proof != nil {
				proofs = append(proofs, b.Proof)
			}
			return nil
		}
		w := m.reader("g")
		_, from, _ := w.tailSpan()
		for range 2 { // the second as a later re-read would
			if _, err := w.newPass(Tail, Span{From: from}).readOpen(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.weather = nil
			wait(t, time.Minute)
		}
		if len(proofs) != 2 || len(proofs[0].Rejects) != 1 || len(proofs[1].Rejects) != 0 {
			t.Fatalf("%+v", proofs)
		}
		if got := m.rejects[0].Place; got.From.IsZero() || !proofs[1].Span.Contains(got) {
			t.Errorf("read in %s, and read whole was %s", got, proofs[1].Span)
		}
		stamped := w.newPass(Tail, Span{From: time.Now()}).placed([]Reject{{Raw: []byte(`{"start_time" : "2026-02-03T04:05:06Z",`)}})
		if want := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC); !stamped[0].Place.From.Equal(want) || stamped[0].Place.Length() != time.Second {
			t.Errorf("placed in %s", stamped[0].Place)
		}
	})
}
