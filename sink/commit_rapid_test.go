package sink

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// Whatever is read, in whatever order and company: the journal of each action
// counts its revisions from 1, the tables show the newest, nothing ended goes
// back to DOING, and the whole shard is one chain without a hole.
func TestLaw03AnyBatchesMakeOneJournal(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	var round atomic.Int64
	rapid.Check(t, func(r *rapid.T) {
		n := round.Add(1)
		read := rapid.Custom(func(r *rapid.T) *ingest.Batch {
			b := batch(fmt.Sprintf("g%d-%d", n, rapid.IntRange(0, 1).Draw(r, "group")))
			asked := rapid.IntRange(0, 5).Draw(r, "asked")
			for _, id := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 4).Draw(r, "ids") {
				raw := doing(id)
				if v := rapid.IntRange(0, 3).Draw(r, "variant"); v > 0 {
					raw = success(id, fmt.Sprintf("i-%d", v))
				}
				b.Actions = append(b.Actions, seen(t, 30*asked, raw))
			}
			return b
		})
		batches := rapid.SliceOfN(read, 1, 8).Draw(r, "batches")
		together := rapid.Bool().Draw(r, "together")
		var wg sync.WaitGroup
		for _, b := range batches {
			wg.Go(func() { commit(t, c, b) })
			if !together {
				wg.Wait()
			}
		}
		wg.Wait()
		groups := []string{fmt.Sprintf("g%d-0", n), fmt.Sprintf("g%d-1", n)}
		bad := text(t, pool, `
			WITH j AS (
				SELECT *, row_number() OVER w AS n, lag(status) OVER w AS before, lag(content_hash) OVER w AS hash_before,
				       row_number() OVER (PARTITION BY group_id, action_id ORDER BY seq DESC) = 1 AS newest
				FROM aslog.journal WHERE group_id = ANY($1) WINDOW w AS (PARTITION BY group_id, action_id ORDER BY seq))
			SELECT group_id, action_id, revision FROM j
			WHERE revision <> n OR change <> CASE n WHEN 1 THEN 'new' ELSE 'changed' END
			   OR (before = 'SUCCESS' AND status = 'DOING') OR content_hash = hash_before
			   OR newest AND NOT EXISTS (SELECT FROM aslog.scaling_action a WHERE (a.group_id, a.action_id, a.seq, a.shard, a.revision, a.content_hash, a.status)
			                             = (j.group_id, j.action_id, j.seq, j.shard, j.revision, j.content_hash, j.status))`, groups)
		if bad != "" {
			r.Fatalf("wrong revisions: %s", bad)
		}
	})
	verifyChain(t, pool)
}

// BenchmarkCommit measures 50,000 new actions in batches of 2,000, a hundred
// to a group, as a backfill brings them.
func BenchmarkCommit(b *testing.B) {
	pool := testenv.Postgres(b)
	own(b, pool, lease)
	c := committer(b, pool)
	made := 0
	for b.Loop() {
		var batches []*ingest.Batch
		b.StopTimer()
		for i := range 25 {
			one := batch(fmt.Sprintf("g%d", i))
			for range 2000 {
				made++
				one.Actions = append(one.Actions, seen(b, 1, success(fmt.Sprintf("action-%012d", made), "i-1")))
			}
			batches = append(batches, one)
		}
		b.StartTimer()
		start := time.Now()
		var wg sync.WaitGroup
		for _, one := range batches {
			wg.Go(func() {
				if _, err := c.Commit(context.Background(), one); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		b.ReportMetric(50_000/time.Since(start).Seconds(), "actions/s")
	}
}
