package sink

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/internal/testenv"
)

func span(fromMinute, toMinute int) ingest.Span {
	return ingest.Span{From: day.Add(time.Duration(fromMinute) * time.Minute), To: day.Add(time.Duration(toMinute) * time.Minute)}
}

func TestLaw02CoverageAndWatermark(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	say := func(set func(*ingest.Batch)) {
		t.Helper()
		b := batch("g")
		set(b)
		commit(t, c, b)
	}
	// minutes reads the checkpoint: watermark, covered and all that is lost, in
	// minutes of the day.
	minutes := func() string {
		return text(t, pool, `
			SELECT extract(epoch FROM watermark - '2026-03-01Z')::int / 60,
			       array(SELECT (extract(epoch FROM lower(s) - '2026-03-01Z')::int / 60) || '-' || (extract(epoch FROM upper(s) - '2026-03-01Z')::int / 60) FROM unnest(covered) s),
			       array(SELECT (extract(epoch FROM lower(s) - '2026-03-01Z')::int / 60) || '-' || (extract(epoch FROM upper(s) - '2026-03-01Z')::int / 60) FROM unnest(lost_retention + lost_offset_cap + lost_gone) s)
			FROM aslog.checkpoint WHERE group_id = 'g'`)
	}
	say(func(b *ingest.Batch) { b.Begin = &ingest.Begin{From: day, Tail: day.Add(time.Hour)} })
	want(t, "at the beginning", minutes(), "0 [] []")
	say(func(b *ingest.Batch) { b.Covered = []ingest.Span{span(60, 70), span(80, 90)} })
	want(t, "the tail alone does not move it", minutes(), "0 [60-70 80-90] []")
	say(func(b *ingest.Batch) { b.Covered = []ingest.Span{span(5, 20), span(0, 10)} })
	want(t, "from the first moment on", minutes(), "20 [0-20 60-70 80-90] []")
	say(func(b *ingest.Batch) {
		b.Lost = []checkpoint.Lost{{Span: span(20, 40), Reason: checkpoint.OffsetCap}, {Span: span(10, 50), Reason: checkpoint.Retention}, {Span: span(50, 60), Reason: checkpoint.Gone}}
	})
	want(t, "what nothing can prove does not hold it up", minutes(), "70 [0-20 60-70 80-90] [20-60]")
	say(func(b *ingest.Batch) { b.Covered = []ingest.Span{span(30, 45)} })
	want(t, "what is covered after all is lost no more", minutes(), "70 [0-20 30-45 60-70 80-90] [20-30 45-60]")
	say(func(b *ingest.Batch) { b.Begin = &ingest.Begin{From: day.Add(-time.Hour), Tail: day} })
	want(t, "a group begins once", minutes(), "70 [0-20 30-45 60-70 80-90] [20-30 45-60]")

	oldest, parked := day.Add(-time.Hour), true
	say(func(b *ingest.Batch) {
		b.Oldest, b.Age, b.Late, b.Parked = &oldest, 48*time.Hour, 90*time.Second, &parked
	})
	later := day
	say(func(b *ingest.Batch) { b.Oldest, b.Age, b.Late = &later, time.Hour, 10*time.Second })
	want(t, "oldest, lateness, parked", text(t, pool, `SELECT oldest_shown = '2026-03-01Z'::timestamptz - interval '1 hour', age_shown = interval '48 hours', lateness BETWEEN interval '89.9 s' AND interval '90 s', parked FROM aslog.checkpoint`), "true true true true")

	// It counts for half after a week, and after any time it is no error.
	exec(t, pool, `UPDATE aslog.checkpoint SET lateness = '4 hours', updated_at = updated_at - interval '7 days'`)
	say(func(b *ingest.Batch) { b.Late = time.Minute })
	want(t, "lateness after a week", text(t, pool, `SELECT round(extract(epoch FROM lateness) / 60)::int FROM aslog.checkpoint`), "120")
	say(func(b *ingest.Batch) { b.Late = 3 * time.Hour })
	want(t, "measured anew", text(t, pool, `SELECT round(extract(epoch FROM lateness) / 60)::int FROM aslog.checkpoint`), "180")
	exec(t, pool, `UPDATE aslog.checkpoint SET updated_at = updated_at - interval '100 years'`)
	say(func(b *ingest.Batch) { b.Covered = []ingest.Span{span(90, 91)} })
	want(t, "after an age", text(t, pool, `SELECT round(extract(epoch FROM lateness))::int FROM aslog.checkpoint`), "0")
	exec(t, pool, `UPDATE aslog.checkpoint SET lateness = '1 hour', updated_at = updated_at + interval '7 days'`)
	say(func(b *ingest.Batch) { b.Covered = []ingest.Span{span(91, 92)} })
	want(t, "a clock that went back", text(t, pool, `SELECT round(extract(epoch FROM lateness) / 60)::int FROM aslog.checkpoint`), "60")
}

// A read in which anything was dropped as stale proves nothing; the other
// groups in the same commit are not touched by that.
func TestLaw02AStaleReadCoversNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	for _, g := range []string{"g", "h"} {
		b := batch(g, seen(t, 5, success("a", "i-1")))
		b.Begin = &ingest.Begin{From: day, Tail: day}
		commit(t, c, b)
	}
	g, h := batch("g", seen(t, 6, doing("a"))), batch("h", seen(t, 6, success("a", "i-1")))
	for _, b := range []*ingest.Batch{g, h} {
		b.Covered = []ingest.Span{span(0, 10)}
		commit(t, c, b)
	}
	want(t, "covered", text(t, pool, `SELECT group_id, isempty(covered) FROM aslog.checkpoint ORDER BY 1`), "g true; h false")
}

func TestScansThatFoundNothingLeaveNoRow(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	for _, s := range []ingest.Scan{
		{Class: ingest.Tail, Span: ingest.Span{From: day}, Requests: 1, Outcome: "proved"},
		{Class: ingest.Backfill, Span: span(0, 10), Requests: 4, Total: 301, Distinct: 301, New: 300, Outcome: "proved"},
		{Class: ingest.Follow, Requests: 2, Restarts: 3, Outcome: "unproved"},
	} {
		b := batch("g")
		b.Scan = &s
		if s.Class == ingest.Backfill {
			b.Actions = []ingest.Seen{seen(t, 1, doing("a"))}
		}
		commit(t, c, b)
	}
	want(t, "scans", text(t, pool, `SELECT kind, from_time IS NULL, to_time IS NULL, requests, total, distinct_ids, new_actions, changed_actions, restarts, outcome FROM aslog.scan ORDER BY id`),
		"backfill false false 4 301 301 301 0 0 proved; follow true true 2 0 0 0 0 3 unproved")
}

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

// A backfill over a past in which nothing happened does not wait for company
// after each piece; a quiet tail does.
func TestAnEmptyPastIsCommittedAtOnce(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease})
	c.idle = time.Hour
	run(t, c)
	begin := batch("g")
	begin.Begin = &ingest.Begin{From: day, Tail: day}
	commit(t, c, begin)
	for i := range 3 {
		b := batch("g")
		b.Covered, b.Scan = []ingest.Span{span(i, i+1)}, &ingest.Scan{Class: ingest.Backfill, Outcome: "proved"}
		commit(t, c, b)
	}
	tail := batch("g")
	tail.Covered, tail.Scan = []ingest.Span{span(3, 4)}, &ingest.Scan{Class: ingest.Tail, Outcome: "proved"}
	if !quiet(tail) {
		t.Error("a quiet tail does not wait for company")
	}
}

// Pointers of the later re-reads only move on, whichever order commits come in;
// settled is never more than covered.
func TestSettledMovesOn(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	b := batch("g")
	b.Begin, b.Covered = &ingest.Begin{From: day, Tail: day}, []ingest.Span{span(0, 60)}
	commit(t, c, b)
	for _, s := range []ingest.Settled{
		{Stage: time.Hour, To: day.Add(30 * time.Minute)},
		{Stage: 24 * time.Hour, To: day.Add(20 * time.Minute), Spans: []ingest.Span{span(0, 10), span(10, 20)}},
		{Stage: time.Hour, To: day.Add(10 * time.Minute)},
		{Stage: 24 * time.Hour, To: day.Add(90 * time.Minute), Spans: []ingest.Span{span(50, 90)}},
	} {
		b := batch("g")
		b.Settled = &s
		commit(t, c, b)
	}
	want(t, "pointers", text(t, pool, `SELECT (extract(epoch FROM stage) / 3600)::int, (extract(epoch FROM reached - '2026-03-01Z') / 60)::int FROM aslog.settle ORDER BY stage`), "1 30; 24 90")
	want(t, "settled", text(t, pool, `SELECT (extract(epoch FROM lower(s) - '2026-03-01Z') / 60)::int, (extract(epoch FROM upper(s) - '2026-03-01Z') / 60)::int FROM aslog.checkpoint, unnest(settled) AS s`), "0 20; 50 60")
}

// A commit says which of its new actions started first: what came late is
// measured by it.
func TestACommitTellsTheEarliestNewAction(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	at := func(id, hour string) ingest.Seen {
		return seen(t, 1, strings.Replace(doing(id), "2026-02-01T10", "2026-02-01T"+hour, 1))
	}
	for _, step := range []struct {
		actions []ingest.Seen
		want    string
	}{
		{[]ingest.Seen{at("a", "08"), at("b", "11")}, "08"},
		{[]ingest.Seen{at("a", "08"), at("c", "09"), at("d", "10")}, "09"},
		{[]ingest.Seen{at("a", "08")}, ""},
	} {
		out, err := c.Commit(t.Context(), batch("g", step.actions...))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if !out.Earliest.IsZero() {
			got = out.Earliest.Format("15")
		}
		want(t, "earliest", got, step.want)
	}
}
