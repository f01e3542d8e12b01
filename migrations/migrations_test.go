package migrations_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"aslogd/internal/testenv"
	"aslogd/migrations"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// Two migrate at once: one does the work, the other finds it done.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	url := testenv.EmptyPostgresURL(t)
	type result struct {
		applied []string
		err     error
	}
	results := make(chan result)
	for range 2 {
		go func() {
			applied, err := migrations.Up(t.Context(), url, 8, nil)
			results <- result{applied, err}
		}()
	}
	first, second := <-results, <-results
	if err := errors.Join(first.err, second.err); err != nil {
		t.Fatal(err)
	}
	if len(first.applied) == 0 && len(second.applied) == 0 || len(first.applied) != 0 && len(second.applied) != 0 {
		t.Errorf("applied %v and %v, want one to apply all", first.applied, second.applied)
	}
	expectState(t, connect(t, url), migrations.OK)
}

// A repeated migrate changes nothing; one for other shards is refused.
func TestRepeat(t *testing.T) {
	t.Parallel()
	url := testenv.OwnerURL(testenv.PostgresURL(t))
	pool := connect(t, url)
	execute(t, pool, "UPDATE aslog.shard_head SET head_seq = 7, epoch = 3 WHERE shard = 2")
	applied, err := migrations.Up(t.Context(), url, 8, nil)
	if err != nil || len(applied) != 0 {
		t.Fatalf("applied %v, %v", applied, err)
	}
	if got := number(t, pool, "SELECT head_seq FROM aslog.shard_head WHERE shard = 2"); got != 7 {
		t.Errorf("the head went from 7 to %d", got)
	}
	_, err = migrations.Up(t.Context(), url, 9, nil)
	var shards *migrations.ShardsError
	if !errors.As(err, &shards) || shards.Have != 8 || shards.Want != 9 {
		t.Errorf("9 shards: got %v, want a ShardsError", err)
	}
	if got := number(t, pool, "SELECT count(*) FROM aslog.shard"); got != 8 {
		t.Errorf("%d shards after the refusal, want 8", got)
	}
	if got, err := migrations.Shards(t.Context(), pool); err != nil || got != 8 {
		t.Errorf("Shards gave %d, %v", got, err)
	}
}

// A daemon waits for a schema that is missing or older, takes one with
// additions, and refuses one that is for newer binaries only.
func TestCheck(t *testing.T) {
	t.Parallel()
	expectState(t, connect(t, testenv.EmptyPostgresURL(t)), migrations.Missing)

	writerURL := testenv.PostgresURL(t)
	writer, owner := connect(t, writerURL), connect(t, testenv.OwnerURL(writerURL))
	expectState(t, writer, migrations.OK)

	execute(t, owner, "INSERT INTO aslog.schema_migration (version_id, is_applied) VALUES (9999, true)")
	execute(t, owner, "ALTER TABLE aslog.scaling_group ADD COLUMN of_tomorrow text")
	expectState(t, writer, migrations.OK)
	if _, err := migrations.Up(t.Context(), testenv.OwnerURL(writerURL), 8, nil); err != nil {
		t.Errorf("migrate on a schema with additions: %v", err)
	}

	execute(t, owner, "UPDATE aslog.schema_info SET oldest_binary = $1", migrations.Generation+1)
	expectState(t, writer, migrations.TooNew)
	_, err := migrations.Up(t.Context(), testenv.OwnerURL(writerURL), 8, nil)
	var tooNew *migrations.TooNewError
	if !errors.As(err, &tooNew) {
		t.Errorf("migrate by an older binary: got %v, want a TooNewError", err)
	}
	execute(t, owner, "UPDATE aslog.schema_info SET oldest_binary = 1")

	execute(t, owner, "DELETE FROM aslog.schema_migration WHERE version_id > 1")
	expectState(t, writer, migrations.Older)
	execute(t, owner, "DELETE FROM aslog.schema_info")
	expectState(t, writer, migrations.Missing)
}

// Whole numbers are bigint and times have a zone, in tables and views alike: a
// reader's own tables need not guess. schema_migration is goose's.
func TestColumnTypes(t *testing.T) {
	t.Parallel()
	got := number(t, testenv.Postgres(t), `
		SELECT count(*) FROM information_schema.columns
		WHERE table_schema = 'aslog' AND table_name <> 'schema_migration'
		  AND data_type IN ('smallint', 'integer', 'numeric', 'timestamp without time zone')`)
	if got != 0 {
		t.Errorf("%d columns have another type", got)
	}
}

// Incremental readers take rows of scaling_action by shard and seq, as the column's
// comment tells them to: what is new must not cost them all that there is.
func TestTheCursorOfIncrementalReadersIsIndexed(t *testing.T) {
	t.Parallel()
	got := number(t, testenv.Postgres(t), `
		SELECT count(*) FROM pg_index
		WHERE indrelid = 'aslog.scaling_action'::regclass AND indisvalid AND indpred IS NULL
		  AND pg_get_indexdef(indexrelid) LIKE '%(shard, seq)%'`)
	if got != 1 {
		t.Errorf("%d indexes begin with shard and seq", got)
	}
}

// What people see in their tools says what it is.
func TestEverythingIsExplained(t *testing.T) {
	t.Parallel()
	rows, err := testenv.Postgres(t).Query(t.Context(), `
		SELECT c.relname || coalesce('.' || a.attname, '')
		FROM pg_class c
		LEFT JOIN LATERAL (SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
		                   UNION ALL SELECT NULL, 0) a ON true
		WHERE c.relnamespace = 'aslog'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
		  AND coalesce(trim(CASE WHEN a.attnum = 0 THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, a.attnum) END), '') = ''
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var bare []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		bare = append(bare, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(bare) > 0 {
		t.Errorf("without a comment:\n%s", strings.Join(bare, "\n"))
	}
}

func connect(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func execute(t *testing.T, pool *pgxpool.Pool, statement string, arguments ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), statement, arguments...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func number(t *testing.T, pool *pgxpool.Pool, query string) (n int64) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func expectState(t *testing.T, pool *pgxpool.Pool, want migrations.State) {
	t.Helper()
	got, err := migrations.Check(t.Context(), pool)
	if err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}
