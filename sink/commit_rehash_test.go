package sink

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// What breaks: after an upgrade that hashes differently an action's earlier
// payloads are looked for in a long journal, while the shard is locked. What must
// hold: the look ends after so many rows; a payload that lies within them is known
// for an earlier one, and one that lies beyond makes a revision, once.
func TestALookForEarlierPayloadsEnds(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour, Log: zerolog.Nop()})
	c.reach = 3
	run(t, c)
	commit(t, c, batch("g", seen(t, 1, success("far", "i-1"))))
	commit(t, c, batch("g", seen(t, 1, success("near", "i-1"))))
	commit(t, c, batch("g", seen(t, 1, success("b", "i-1")), seen(t, 1, success("c", "i-1"))))
	commit(t, c, batch("g", seen(t, 2, success("near", "i-2"))))
	commit(t, c, batch("g", seen(t, 2, success("far", "i-2"))))
	exec(t, pool, `UPDATE aslog.scaling_action SET content_hash = '\x09'::bytea || substr(content_hash, 2),
		earlier_hashes = ARRAY(SELECT '\x09'::bytea || substr(h, 2) FROM unnest(earlier_hashes) h)`)
	want(t, "three rows back", commit(t, c, batch("g", seen(t, 3, success("near", "i-1")))), ingest.Outcome{Stale: 1})
	want(t, "further back", commit(t, c, batch("g", seen(t, 3, success("far", "i-1")))), ingest.Outcome{Changed: 1})
	want(t, "the same again", commit(t, c, batch("g", seen(t, 4, success("far", "i-1")))), ingest.Outcome{})
}

// A new release hashes differently: what is stored is hashed again, and only
// what differs then is a revision.
func TestLaw03AnotherNormalFormMakesNoRevision(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	commit(t, c, batch("g", seen(t, 1, doing("a")), seen(t, 1, doing("b"))))
	exec(t, pool, `UPDATE aslog.scaling_action SET content_hash = '\x09'::bytea || substr(content_hash, 2)`)
	want(t, "one is the same, one is not", commit(t, c, batch("g", seen(t, 2, doing("a")), seen(t, 2, success("b", "i-1")))), ingest.Outcome{Changed: 1})
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING; 2 g b 1 new DOING; 3 g b 2 changed SUCCESS")
	want(t, "hashes are of this form", text(t, pool, `SELECT DISTINCT get_byte(content_hash, 0) FROM aslog.scaling_action`), "1")
	want(t, "and so is the earlier one", commit(t, c, batch("g", seen(t, 3, success("b", "i-5")))), ingest.Outcome{Changed: 1})
}

// A lagging replica's payload is known for one also after an upgrade that
// hashes differently: the payloads before the present one are hashed again too.
func TestLaw03AnotherNormalFormKnowsEarlierPayloads(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	commit(t, c, batch("g", seen(t, 1, success("a", "i-1")), seen(t, 1, success("b", "i-1"))))
	commit(t, c, batch("g", seen(t, 2, success("a", "i-5"))))
	commit(t, c, batch("g", seen(t, 3, success("a", "i-6"))))
	exec(t, pool, `UPDATE aslog.scaling_action SET content_hash = '\x09'::bytea || substr(content_hash, 2),
		earlier_hashes = ARRAY(SELECT '\x09'::bytea || substr(h, 2) FROM unnest(earlier_hashes) h)`)
	want(t, "the first again", commit(t, c, batch("g", seen(t, 4, success("a", "i-1")))), ingest.Outcome{Stale: 1})
	want(t, "the second again", commit(t, c, batch("g", seen(t, 5, success("a", "i-5")))), ingest.Outcome{Stale: 1})
	want(t, "another one", commit(t, c, batch("g", seen(t, 6, success("a", "i-7")))), ingest.Outcome{Changed: 1})
	want(t, "the second once more", commit(t, c, batch("g", seen(t, 7, success("a", "i-5")))), ingest.Outcome{Stale: 1})
}
