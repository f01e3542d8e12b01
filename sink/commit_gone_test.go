package sink

import (
	"testing"
	"time"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// What breaks: a group is deleted and answers with empty lists until two group
// lists have missed it. What must hold: what those answers covered since the
// last list that had the group is a gap (gone) once it is parked, the rest stays
// covered; and what comes in after that is not taken.
func TestWhatNoListHasConfirmedIsTakenBack(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	at := func(minutes int) time.Time { return day.Add(time.Duration(minutes) * time.Minute) }
	covers := func(from, to int, emptyBy time.Time) *ingest.Batch {
		b := batch("g")
		b.Covered, b.EmptyBy = []ingest.Span{{From: at(from), To: at(to)}}, emptyBy
		return b
	}
	listed := func(minutes int) {
		exec(t, pool, `INSERT INTO aslog.group_list VALUES ('source0', $1) ON CONFLICT (source) DO UPDATE SET asked_at = excluded.asked_at`, at(minutes))
	}
	exec(t, pool, `INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, changed_at) VALUES ('g', 'p', 'source0', 3, now(), now())`)
	first := covers(0, 10, time.Time{})
	first.Begin = &ingest.Begin{From: at(0), Tail: at(0)}
	commit(t, c, first)
	state := func(what, is string) {
		t.Helper()
		want(t, what, text(t, pool, `SELECT (SELECT string_agg((extract(epoch FROM lower(s) - '2026-03-01Z') / 60)::int || '-' || (extract(epoch FROM upper(s) - '2026-03-01Z') / 60)::int, ',') FROM unnest(covered) s),
			coalesce((SELECT string_agg((extract(epoch FROM lower(s) - '2026-03-01Z') / 60)::int || '-' || (extract(epoch FROM upper(s) - '2026-03-01Z') / 60)::int, ',') FROM unnest(lost_gone) s), '-'),
			coalesce((SELECT string_agg((extract(epoch FROM lower(s) - '2026-03-01Z') / 60)::int || '-' || (extract(epoch FROM upper(s) - '2026-03-01Z') / 60)::int, ',') FROM unnest(unconfirmed) s), '-') FROM aslog.checkpoint`), is)
	}
	state("rows were shown", "0-10 - -")
	commit(t, c, covers(5, 20, at(20)))
	state("nothing was shown of what is new", "0-20 - 10-20")
	listed(20)
	commit(t, c, covers(15, 30, at(30)))
	state("the list was not asked for later", "0-30 - 10-30")
	listed(31)
	commit(t, c, covers(25, 40, at(40)))
	state("this one was", "0-40 - 30-40")
	commit(t, c, covers(40, 45, at(45)))
	commit(t, c, covers(-30, -20, at(45))) // a backfill finds the past empty as well
	commit(t, c, covers(42, 43, time.Time{}))
	state("what shows rows is there", "-30--20,0-45 - -30--20,30-42,43-45")

	exec(t, pool, `UPDATE aslog.scaling_group SET missing_from = $1, gone_at = $2`, at(31), at(50))
	listed(50)
	parks := batch("g")
	parks.Parked = new(bool)
	*parks.Parked = true
	out := commit(t, c, parks)
	want(t, "taken back", len(out.Doubted), 3)
	state("gone", "0-30,42-43 -30--20,30-42,43-45 -")
	commit(t, c, covers(30, 40, at(60)))
	state("an answer that came too late", "0-30,42-43 -30--20,30-42,43-45 -")
	commit(t, c, covers(30, 40, time.Time{}))
	state("unless it shows rows", "0-40,42-43 -30--20,40-42,43-45 -")
}
