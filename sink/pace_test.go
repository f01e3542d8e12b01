package sink

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
)

// A few live rows share a commit with those that come a moment later; much, and what
// a read of the past waits for, is committed at once, and takes the few along.
func TestFewLiveRowsShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := NewCommitter(CommitterConfig{Lease: lease, Pace: 240 * time.Millisecond})
		row := func(n int) *ingest.Batch { return &ingest.Batch{Actions: make([]ingest.Seen, n)} }
		next := func(batches ...*ingest.Batch) string {
			begun := time.Now()
			for _, b := range batches {
				if err := c.push(&item{batch: b}); err != nil {
					t.Fatal(err)
				}
			}
			items, err := c.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(len(items), " after ", time.Since(begun))
		}
		time.Sleep(time.Hour)
		want(t, "the first", next(row(1), row(1)), "2 after 30ms")
		want(t, "the next", next(row(1)), "1 after 240ms")
		time.Sleep(239 * time.Millisecond)
		want(t, "one after a rest", next(row(1)), "1 after 30ms")
		want(t, "a page", next(row(1), row(fewActions)), "2 after 0s")
		time.Sleep(time.Second)
		if err := c.push(&item{batch: row(0)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		want(t, "one after a quiet one", next(row(1)), "2 after 30ms")
		past := row(1)
		past.Scan = &ingest.Scan{Class: ingest.Backfill}
		want(t, "a piece of the past", next(past), "1 after 0s")
	})
}

// Rows that fill no transaction wait for more as long as the pace asks for it; a full
// one does not, nor what a commit waits to find room for, nor what must be read first.
func TestAFewRowsShareATransaction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := cramped(t, 10)
		r := &Relay{recent: m, pace: 240 * time.Millisecond, lot: 8, bytes: 1 << 20, wake: make(chan struct{}, 1)}
		gather := func() time.Duration {
			begun := time.Now()
			if err := r.gather(t.Context()); err != nil {
				t.Fatal(err)
			}
			return time.Since(begun)
		}
		r.begun = time.Now()
		want(t, "nothing is remembered", gather(), time.Duration(0))
		some := revisions(t, genesis, 3, plain)
		m.put(t.Context(), some, r.Wake)
		want(t, "few", gather(), r.pace)
		want(t, "few after a rest", gather(), time.Duration(0))
		r.begun = time.Now()
		time.AfterFunc(100*time.Millisecond, func() {
			r.Made(t.Context(), revisions(t, tipOf(some), 5, plain))
			r.Wake()
		})
		want(t, "until there is enough", gather(), 100*time.Millisecond)
		r.begun = time.Now()
		m.published(1)
		behind := r.recent.list
		r.recent.list = behind[1:]
		want(t, "behind rows that must be read", gather(), time.Duration(0))
		r.recent.list = behind
		r.lot = 1000
		all := revisions(t, tipOf(some), 5, plain)
		go r.Made(t.Context(), revisions(t, tipOf(all), 5, plain))
		synctest.Wait()
		want(t, "while a commit waits for room", gather(), time.Duration(0))
	})
}
