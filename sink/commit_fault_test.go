package sink

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// full is two batches that make every statement of a commit run: something
// new, changed, faulty, covered, lost, begun, scanned and quarantined.
func full(t *testing.T, n int) []*ingest.Batch {
	g, h := fmt.Sprintf("g%d", n), fmt.Sprintf("h%d", n)
	first := batch(g, seen(t, 2, success("a", "i-5")), seen(t, 2, doing("b")))
	first.Covered = []ingest.Span{span(0, 10)}
	first.Lost = []checkpoint.Lost{{Span: span(10, 20), Reason: checkpoint.Retention}}
	first.Scan = &ingest.Scan{Class: ingest.Tail, Span: span(0, 10), Outcome: "unproved"}
	first.Rejects = []ingest.Reject{
		{Reason: "no_id", Raw: []byte("{}")},
		{Reason: "not_json", Raw: []byte("<html>"), RawHash: []byte("hour"), Page: true},
	}
	second := batch(h, seen(t, 2, doing("a")))
	second.Begin = &ingest.Begin{From: day, Tail: day}
	return []*ingest.Batch{first, second}
}

// prepare stores what full changes, and lets c know where the journal ends then:
// within an epoch nobody but c would move it.
func prepare(t *testing.T, c *Committer, pool *pgxpool.Pool, n int) {
	t.Helper()
	b := batch(fmt.Sprintf("g%d", n), seen(t, 1, doing("a")))
	b.Begin = &ingest.Begin{From: day, Tail: day}
	steady := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour})
	if err := steady.store(t.Context(), itemsOf(b)); err != nil {
		t.Fatal(err)
	}
	c.at = steady.at
}

const (
	nothing    = "1 1 1 0 1 true 0 0"
	everything = "4 3 4 1 2 false 1 2"
)

// found is what is stored of full's two groups.
func found(t *testing.T, pool *pgxpool.Pool, n int) string {
	t.Helper()
	// Whoever has the shard's row sees what a lost connection came to.
	exec(t, pool, `SELECT FROM aslog.shard_head WHERE shard = 3 FOR UPDATE`)
	groups := []string{fmt.Sprintf("g%d", n), fmt.Sprintf("h%d", n)}
	return text(t, pool, `SELECT
		(SELECT count(*) FROM aslog.journal WHERE group_id = ANY($1)),
		(SELECT count(*) FROM aslog.scaling_action WHERE group_id = ANY($1)),
		(SELECT count(*) FROM aslog.scaling_action_instance WHERE group_id = ANY($1)),
		(SELECT count(*) FROM aslog.scaling_action WHERE group_id = ANY($1) AND status = 'SUCCESS'),
		(SELECT count(*) FROM aslog.checkpoint WHERE group_id = ANY($1)),
		(SELECT bool_and(isempty(covered)) FROM aslog.checkpoint WHERE group_id = ANY($1)),
		(SELECT count(*) FROM aslog.scan WHERE group_id = ANY($1)),
		(SELECT coalesce(sum(times), 0)::int FROM aslog.quarantine WHERE group_id = ANY($1))`, groups)
}

// What breaks: the connection, before and after each single message of a
// commit in turn, COMMIT's own included. What mends: the next try connects
// anew. What must hold: after the cut all of it is stored or nothing, the seq
// has no hole, and once the try succeeds all of it is stored exactly once.
func TestLaw01OneCommitIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := newBreaking(t)
	unknown := 0
	for try := range b.tries(t) {
		_, err := b.transact(t.Context(), units(itemsOf(full(t, try.n)...)), nil, true)
		got := found(t, b.safe, try.n)
		switch {
		case err == nil && got != everything, got != everything && got != nothing:
			t.Fatalf("%v: %v, but stored is %s", try, err, got)
		case err != nil && got == everything:
			unknown++
		}
	}
	t.Logf("%d cuts, %d commits whose answer was lost", b.cuts, unknown)
	if b.cuts < 20 || unknown == 0 {
		t.Errorf("%d cuts and %d lost answers: the test does not cut where it should", b.cuts, unknown)
	}
	verifyChain(t, b.safe)
}

// The same through Run: callers see only that it took longer.
func TestLaw01ACommitOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	b := newBreaking(t)
	for try := range b.tries(t) {
		items := itemsOf(full(t, try.n)...)
		if err := b.store(t.Context(), items); err != nil {
			t.Fatalf("%v: %v", try, err)
		}
		for i := range items {
			items[i].outcome.Earliest = time.Time{}
		}
		want(t, "outcomes", []ingest.Outcome{items[0].outcome, items[1].outcome}, []ingest.Outcome{{New: 1, Changed: 1}, {New: 1}})
		if got := found(t, b.safe, try.n); got != everything {
			t.Fatalf("%v: stored is %s", try, got)
		}
	}
	verifyChain(t, b.safe)
}

// What breaks: the database refuses to commit for a while (a lock is held for
// longer than lock_timeout). What mends: the lock goes. What must hold: the
// batch is stored once, and its caller only waited.
func TestACommitWaitsForALock(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	cfg := pool.Config()
	cfg.ConnConfig.RuntimeParams["lock_timeout"] = "10ms"
	short, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(short.Close)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM aslog.shard_head WHERE shard = 3 FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	failed := make(chan struct{}, 100)
	c := committer(t, short, func(cfg *CommitterConfig) { cfg.Log = notify(failed) })
	go func() {
		<-failed
		<-failed
		tx.Rollback(context.Background())
	}()
	want(t, "outcome", commit(t, c, batch("g", seen(t, 1, doing("a")))), ingest.Outcome{New: 1})
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING")
}

// What breaks: the connection, before and after each single message of the
// commit of a read that found nothing new. What mends: the next try. What must
// hold: what the read covers is stored, and what is counted is counted once,
// the scan that proved nothing and the page that is no JSON.
func TestLaw01ACommitThatNobodyAnsweredForIsDoneOnce(t *testing.T) {
	t.Parallel()
	b := newBreaking(t)
	for try := range b.tries(t) {
		read := batch(fmt.Sprintf("g%d", try.n), seen(t, 2, doing("a")))
		read.Covered = []ingest.Span{span(0, 10)}
		read.Scan = &ingest.Scan{Class: ingest.Tail, Span: span(0, 10), Outcome: "unproved"}
		read.Rejects = []ingest.Reject{{Reason: "not_json", Raw: []byte("<html>"), RawHash: []byte("hour"), Page: true}}
		if err := b.store(t.Context(), itemsOf(read)); err != nil {
			t.Fatalf("%v: %v", try, err)
		}
		if got := found(t, b.safe, try.n); got != "1 1 1 0 1 false 1 1" {
			t.Fatalf("%v: stored is %s", try, got)
		}
	}
	if b.cuts < 6 {
		t.Errorf("%d cuts: the test does not cut where it should", b.cuts)
	}
}
