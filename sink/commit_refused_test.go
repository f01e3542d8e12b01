package sink

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

func TestLaw03QuarantineOnce(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	b := batch("g", seen(t, 1, strings.Replace(doing("a"), `"scaling_value":2`, `"scaling_value":"two"`, 1)))
	b.Rejects = []ingest.Reject{
		{Reason: "no_id", Detail: "a \x00 in it", Raw: []byte("{}")},
		{Reason: "no_id", Raw: []byte("{}")},
		{ActionID: "x", Reason: "not_utf8", Raw: bytes.Repeat([]byte{0xff}, 2<<20)},
		{Reason: "not_json", Raw: []byte("<html>"), RawHash: []byte("g and hour"), Page: true},
	}
	for range 3 {
		commit(t, c, b)
	}
	want(t, "quarantine", text(t, pool, `SELECT coalesce(action_id, '-'), reason, times, octet_length(raw), octet_length(raw_hash), resolved_at IS NULL FROM aslog.quarantine ORDER BY reason`),
		"a field:scaling_value 1 "+text(t, pool, `SELECT octet_length(raw::text) FROM aslog.journal`)+" 32 true; - no_id 1 2 32 true; - not_json 3 6 10 true; x not_utf8 1 1048576 32 true")
	want(t, "the action itself is taken", text(t, pool, `SELECT action_id, scaling_value IS NULL FROM aslog.scaling_action`), "a true")
}

// Some records cannot be stored: they are found, set aside, and hold nobody up.
func TestLaw07WhatPostgresRefusesIsSplitOff(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	b := batch("g")
	b.Begin = &ingest.Begin{From: day, Tail: day}
	b.Covered = []ingest.Span{span(0, 10)}
	for i := range 40 {
		b.Actions = append(b.Actions, seen(t, 1, doing(string(rune('A'+i)))))
	}
	no := strings.Repeat("[", 50) // no JSON to Postgres, as what is nested too deeply would be
	b.Actions[13].Raw = []byte(no)
	twice := *b.Actions[27].Action // fails a constraint, not an encoding
	twice.Instances = append(twice.Instances, twice.Instances...)
	b.Actions[27].Action = &twice
	far := time.Date(400_000, 1, 1, 0, 0, 0, 0, time.UTC) // later than Postgres counts
	beyond := *b.Actions[39].Action
	beyond.EndTime = &far
	b.Actions[39].Action = &beyond

	want(t, "outcome", commit(t, c, b), ingest.Outcome{New: 37})
	want(t, "journal", text(t, pool, `SELECT count(*), min(seq), max(seq), count(DISTINCT seq) FROM aslog.journal`), "37 1 37 37")
	want(t, "quarantine", text(t, pool, `SELECT action_id, reason, times FROM aslog.quarantine ORDER BY 1`), "N refused 1; \\ refused 1; h refused 1")
	want(t, "it counts as read", text(t, pool, `SELECT isempty(covered) FROM aslog.checkpoint`), "false")

	b.Actions = append(b.Actions, seen(t, 2, doing("zz")))
	want(t, "read again", commit(t, c, b), ingest.Outcome{New: 1})
	want(t, "quarantine", text(t, pool, `SELECT count(*), sum(times)::int FROM aslog.quarantine`), "3 3")
}

// A batch that is refused for what it says itself fails alone.
func TestLaw07ARefusedBatchFailsAlone(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease})
	c.idle = time.Millisecond
	bad, good := batch("g", seen(t, 1, doing("a"))), batch("h", seen(t, 1, doing("a")))
	bad.Target.Project, bad.Begin = "p\x00", &ingest.Begin{From: day, Tail: day}
	bad.Actions = nil
	errs := make(chan error, 2)
	for _, b := range []*ingest.Batch{bad, good} {
		go func() {
			_, err := c.Commit(t.Context(), b)
			if b == good && err != nil {
				t.Errorf("the good one: %v", err)
			}
			errs <- err
		}()
	}
	for c.waiting() < 2 {
		time.Sleep(time.Millisecond)
	}
	run(t, c)
	if a, b := <-errs, <-errs; a == nil && b == nil {
		t.Error("the bad one was taken")
	}
	want(t, "journal", text(t, pool, journalText), "1 h a 1 new DOING")
}
