package sink

import (
	"testing"
	"time"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// What breaks: records come without an id, one of them in a page that is no JSON.
// What must hold: a row stays open while its place is not read whole, or shows
// it still; it is resolved when its place was read whole without it, and open
// again when it comes back. A page is resolved once all of its span was proved.
func TestWhatHasNoIDIsResolvedWhenItsPlaceIsReadWhole(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	span := func(from, to int) ingest.Span {
		return ingest.Span{From: day.Add(time.Duration(from) * time.Minute), To: day.Add(time.Duration(to) * time.Minute)}
	}
	nameless := func(raw string, at ingest.Span) ingest.Reject {
		return ingest.Reject{Reason: "no_id", Raw: []byte(raw), RawHash: []byte(raw), Place: at}
	}
	page := ingest.Reject{Reason: "not_json", Raw: []byte("<html>"), RawHash: []byte("page"), Page: true, Place: span(0, 60)}
	reject := func(group string, rejects ...ingest.Reject) {
		t.Helper()
		b := batch(group)
		b.Rejects = rejects
		commit(t, c, b)
	}
	prove := func(group string, at ingest.Span, hashes ...string) {
		t.Helper()
		b := batch(group)
		b.Proof, b.Covered = &ingest.Proof{Span: at}, []ingest.Span{at}
		for _, h := range hashes {
			b.Proof.Rejects = append(b.Proof.Rejects, []byte(h))
		}
		commit(t, c, b)
	}
	open := func(what, is string) {
		t.Helper()
		want(t, what, text(t, pool, `SELECT string_agg(convert_from(raw_hash, 'UTF8'), ' ' ORDER BY id) FROM aslog.quarantine WHERE resolved_at IS NULL`), is)
	}
	for _, g := range []string{"g", "other"} {
		b := batch(g)
		b.Begin = &ingest.Begin{From: day, Tail: day}
		commit(t, c, b)
	}
	byID := nameless("by id", ingest.Span{})
	named := nameless("named", span(0, 10))
	named.ActionID = "x"
	reject("g", nameless("a", span(0, 10)), nameless("b", span(5, 6)), page, byID, named)
	reject("other", nameless("c", span(0, 10)))
	open("all", "a b by id named page c")
	prove("g", span(0, 9))
	open("b's second was read whole", "a by id named page c")
	prove("g", span(0, 20), "a")
	open("a is shown still", "a by id named page c")
	prove("g", span(0, 20))
	open("a is gone", "by id named page c")
	prove("g", span(20, 60))
	open("the page was read in pieces", "by id named c")
	reject("g", nameless("a", span(0, 10)), page)
	open("back", "a by id named page c")
	want(t, "rows", text(t, pool, `SELECT count(*), max(times) FROM aslog.quarantine`), "6 2")
}
