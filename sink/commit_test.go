package sink

import (
	"testing"
	"time"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

func TestLaw06DoingToSuccessIsRevisionTwo(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)

	want(t, "first sight", commit(t, c, batch("g", seen(t, 1, doing("a")))), ingest.Outcome{New: 1})
	want(t, "open", text(t, pool, `SELECT action_id FROM aslog.open_action`), "a")
	want(t, "its end", commit(t, c, batch("g", seen(t, 2, success("a", "i-9")))), ingest.Outcome{Changed: 1})
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING; 2 g a 2 changed SUCCESS")
	want(t, "present", text(t, pool, `SELECT revision, status, type, seq, shard, open, raw IS NULL, changed_at > first_seen_at, cardinality(earlier_hashes)
		FROM aslog.scaling_action`), "2 SUCCESS MANUAL_ADD 2 3 false true true 1")
	want(t, "children are replaced", text(t, pool, `SELECT outcome, ordinal, instance_id FROM aslog.scaling_action_instance ORDER BY 2`),
		"added 0 i-9; added 1 i-2")
	want(t, "reasons", text(t, pool, `SELECT ordinal, change_reason, old_value, new_value FROM aslog.scaling_action_reason`), "0 MANNUAL 1 3")
	want(t, "raw is kept byte for byte", text(t, pool, `SELECT raw::text FROM aslog.journal WHERE seq = 2`), success("a", "i-9"))

	want(t, "status never goes back", commit(t, c, batch("g", seen(t, 3, doing("a")))), ingest.Outcome{Stale: 1})
	want(t, "what was asked before is dropped", commit(t, c, batch("g", seen(t, 1, success("a", "i-8")))), ingest.Outcome{Stale: 1})
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING; 2 g a 2 changed SUCCESS")
	want(t, "group name", text(t, pool, `SELECT DISTINCT group_name FROM aslog.journal`), "name of g")
}

func TestLaw06AReturningPayloadMustBeShownForLong(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	first, second := success("a", "i-1"), success("a", "i-7")
	step := func(asked int, raw string, outcome ingest.Outcome) {
		t.Helper()
		want(t, "outcome", commit(t, c, batch("g", seen(t, asked, raw))), outcome)
	}
	stale, change := ingest.Outcome{Stale: 1}, ingest.Outcome{Changed: 1}
	step(0, first, ingest.Outcome{New: 1})
	step(1, second, change)
	step(2, first, stale)
	step(50, first, stale)
	step(51, second, ingest.Outcome{}) // seen in between: the wait begins again
	want(t, "nothing noted", text(t, pool, `SELECT stale_hash IS NULL, stale_since IS NULL FROM aslog.scaling_action`), "true true")
	step(70, first, stale)
	step(129, first, stale)
	step(130, first, change)
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new SUCCESS; 2 g a 2 changed SUCCESS; 3 g a 3 changed SUCCESS")
	step(131, second, stale) // now the other one is the earlier
}

func TestLaw03ReadingAgainMakesNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	batches := []*ingest.Batch{
		batch("g", seen(t, 1, doing("a")), seen(t, 1, success("b", "i-1"))),
		batch("h", seen(t, 2, success("a", "i-1"))),
		batch("g", seen(t, 3, success("a", "i-1")), seen(t, 3, success("c", "i-1"))),
	}
	batches[0].Begin = &ingest.Begin{From: day, Tail: day}
	batches[0].Covered = []ingest.Span{{From: day, To: day.Add(time.Hour)}}
	for _, b := range batches {
		commit(t, c, b)
	}
	// All but the name that each commit writes, to be told by.
	everything := `SELECT h.shard, h.owner, h.epoch, h.head_seq, h.head_hash, h.head_recorded_at, j.*, a.* FROM aslog.shard_head h, aslog.journal j, aslog.scaling_action a ORDER BY j.seq, a.group_id, a.action_id`
	before := text(t, pool, everything) + text(t, pool, `SELECT group_id, covered::text, watermark FROM aslog.checkpoint`)
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2, 2, 0, 1}} {
		for _, i := range order {
			out := commit(t, c, batches[i])
			want(t, "new and changed", []int{out.New, out.Changed}, []int{0, 0})
		}
	}
	want(t, "everything", text(t, pool, everything)+text(t, pool, `SELECT group_id, covered::text, watermark FROM aslog.checkpoint`), before)
}

// The month's partition is missing, because nothing ran for months.
func TestAMissingMonthIsMade(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	exec(t, pool, `UPDATE aslog.shard_head SET head_recorded_at = now() + interval '1 year' WHERE shard = 3`)
	c := committer(t, pool)
	commit(t, c, batch("g", seen(t, 1, doing("a"))))
	want(t, "recorded_at never falls", text(t, pool, `SELECT j.recorded_at > now() + interval '364 days', h.head_recorded_at = j.recorded_at
		FROM aslog.journal j, aslog.shard_head h WHERE h.shard = 3`), "true true")
}
