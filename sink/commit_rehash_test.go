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
