package sink

import (
	"testing"
	"time"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// What breaks: the answer to a commit that made no rows is lost, and Postgres
// fails over to a standby that lacks it, where the number of its transaction
// belongs to another one. What must hold: it is done anew, and what is counted
// is counted there; and where it is not lacking, that is counted once.
func TestLaw01ACommitIsKnownByItsNameAfterAFailover(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	pool := connect(t, url)
	own(t, pool, lease)
	pool.Close()
	standby := connect(t, testenv.CopyURL(t, url))
	pool = connect(t, url)

	b := batch("g")
	b.Begin = &ingest.Begin{From: day, Tail: day}
	b.Scan = &ingest.Scan{Class: ingest.Tail, Span: span(0, 10), Outcome: "unproved"}
	b.Rejects = []ingest.Reject{{Reason: "not_json", Raw: []byte("<html>"), RawHash: []byte("hour"), Page: true}}
	all := units([]*item{{batch: b, done: make(chan struct{})}})
	on := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour})
	unanswered, err := on.transact(t.Context(), all, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	const counted = `SELECT (SELECT count(*) FROM aslog.scan), (SELECT sum(times)::bigint FROM aslog.quarantine)`
	// On one server, the copy's transactions have the original's numbers.
	at := NewCommitter(CommitterConfig{Pool: standby, Lease: lease, Settle: time.Hour})
	if _, err := at.transact(t.Context(), all, unanswered, true); err != nil {
		t.Fatal(err)
	}
	want(t, "where it is lacking", text(t, standby, counted), "1 1")
	for range 2 {
		if unanswered, err = on.transact(t.Context(), all, unanswered, true); err != nil {
			t.Fatal(err)
		}
		want(t, "where it is", text(t, pool, counted), "1 1")
	}
}
