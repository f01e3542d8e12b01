package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// Whether the same answers come in few or in many at once makes no difference to
// what is stored.
func TestFewActionsAreWrittenAsManyAre(t *testing.T) {
	t.Parallel()
	var stored []string
	for _, atOnce := range []int{2, 3 * few} {
		pool := testenv.Postgres(t)
		own(t, pool, lease)
		c := committer(t, pool)
		for turn, raw := range []func(i int) string{
			func(i int) string { return doing(fmt.Sprintf("a-%02d", i)) },
			func(i int) string { return success(fmt.Sprintf("a-%02d", i), "i-1") },
			func(i int) string { return success(fmt.Sprintf("a-%02d", i), "i-2") },
			func(i int) string { return success(fmt.Sprintf("a-%02d", i), "i-1") }, // an earlier payload: noted
		} {
			for first := 0; first < 3*few; first += atOnce {
				var some []ingest.Seen
				for i := first; i < first+atOnce; i++ {
					some = append(some, seen(t, turn+1, raw(i)))
				}
				commit(t, c, batch("g", some...))
			}
		}
		stored = append(stored, text(t, pool, `SELECT to_jsonb(a) - '{first_seen_at,changed_at,stale_since}'::text[],
			(SELECT jsonb_agg(i ORDER BY i) FROM aslog.scaling_action_instance i WHERE i.action_id = a.action_id),
			(SELECT jsonb_agg(j.revision ORDER BY j.seq) FROM aslog.journal j WHERE j.action_id = a.action_id)
			FROM aslog.scaling_action a ORDER BY action_id`))
	}
	want(t, "what is stored", stored[1], stored[0])
	want(t, "it says something", strings.Contains(stored[0], "earlier_hashes"), true)
}

// What breaks: somebody else, an administrator or a migration, writes the row of an
// action while a commit changes it. What must hold: the change is made all the same,
// for the journal has it.
func TestLaw01AChangeWaitsForWhoeverWritesItsRow(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	commit(t, c, batch("g", seen(t, 1, doing("a"))))
	other, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback(context.Background()) //nolint:errcheck // it is committed below
	exec(t, other, `UPDATE aslog.scaling_action SET first_seen_at = first_seen_at`)
	done, change := make(chan error, 1), batch("g", seen(t, 2, success("a", "i-1")))
	go func() {
		_, err := c.Commit(t.Context(), change)
		done <- err
	}()
	for text(t, pool, `SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
			AND transactionid = (SELECT transactionid FROM pg_locks WHERE pid = $1 AND locktype = 'transactionid')`, other.Conn().PgConn().PID()) != "1" {
		time.Sleep(time.Millisecond)
	}
	if err := errors.Join(other.Commit(t.Context()), <-done); err != nil {
		t.Fatal(err)
	}
	want(t, "the journal", text(t, pool, `SELECT revision, status FROM aslog.journal ORDER BY seq`), "1 DOING; 2 SUCCESS")
	want(t, "the present", text(t, pool, `SELECT revision, status, seq FROM aslog.scaling_action`), "2 SUCCESS 2")
}

// What breaks: a plan is made while there are no actions yet, and kept. What must
// hold: it finds an action by its key, however many there will be.
func TestOneActionIsFoundByItsKeyWheneverThatWasPlanned(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	args := changeArrays(nil, pgx.NamedArgs{"groups": []string{}, "actions": []string{}, "recorded_at": time.Now(), "shard": 1, "epoch": 1})
	for sql, by := range map[string]string{storedOneSQL: "scaling_action_pkey", changeOneSQL: "TID Cond"} {
		sql, list, err := args.RewriteQuery(t.Context(), conn.Conn(), sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Conn().Prepare(t.Context(), by, sql); err != nil {
			t.Fatal(err)
		}
		exec(t, conn, `SET plan_cache_mode = force_generic_plan`)
		rows, err := conn.Query(t.Context(), `EXPLAIN EXECUTE "`+by+`" (`+strings.TrimSuffix(strings.Repeat("NULL, ", len(list)), ", ")+`)`)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, by) || !strings.Contains(plan, "scaling_action_pkey") ||
			strings.Contains(plan, "scaling_action_start") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("planned:\n%s", plan)
		}
	}
}

// What breaks: the tables are known to be tiny when plans are made, which are kept,
// and then they grow. What must hold: nothing that a commit does reads one through.
func TestNoCommitReadsATableThrough(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	theirs, err := pgxpool.NewWithConfig(t.Context(), pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	c := committer(t, theirs)
	round := func(turn int, raw func(id string) string) {
		for i := range 8 {
			commit(t, c, batch("g", seen(t, turn, raw(fmt.Sprint("a-", i)))))
		}
	}
	round(1, doing)
	owner, err := pgx.Connect(t.Context(), testenv.OwnerURL(pool.Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(context.Background()) //nolint:errcheck // nothing is at stake any more
	if _, err := owner.Exec(t.Context(), `ANALYZE`); err != nil {
		t.Fatal(err)
	}
	const through = `SELECT relname, seq_scan FROM pg_stat_user_tables WHERE schemaname = 'aslog' AND relname LIKE 'scaling_action%' ORDER BY 1`
	told := func(column string) { // a session that ends tells what it did
		theirs.Reset()
		for text(t, pool, `SELECT `+column+` FROM pg_stat_user_tables WHERE relname = 'scaling_action'`) != "8" {
			time.Sleep(10 * time.Millisecond)
		}
	}
	told("n_tup_ins")
	before := text(t, pool, through)
	round(2, func(id string) string { return success(id, "i-1") })
	told("n_tup_upd")
	want(t, "read through", text(t, pool, through), before)
}
