package migrations_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"aslogd/deploy"
	"aslogd/internal/embedded"
	"aslogd/internal/testenv"
	"aslogd/migrations"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The journal takes rows and gives none back: not to the daemon, which has no
// right, and not to the superuser, whom the triggers refuse.
func TestJournalIsAppendOnly(t *testing.T) {
	t.Parallel()
	writerURL := testenv.PostgresURL(t)
	writer, owner := connect(t, writerURL), connect(t, testenv.OwnerURL(writerURL))
	execute(t, writer, `
		INSERT INTO aslog.journal (shard, seq, recorded_at, source, project_id, group_id, action_id, revision, change, content_hash, raw, chain_hash)
		VALUES (0, 1, now(), 's', 'p', 'g', 'a', 1, 'new', '', '{}', '')`)
	partition := "aslog.journal_" + time.Now().UTC().Format("2006_01")
	for _, table := range []string{"aslog.journal", partition} {
		for _, statement := range []string{"UPDATE %s SET seq = 2", "DELETE FROM %s", "TRUNCATE %s"} {
			statement = fmt.Sprintf(statement, table)
			for who, pool := range map[string]*pgxpool.Pool{"the writer": writer, "the superuser": owner} {
				if _, err := pool.Exec(t.Context(), statement); code(err) != "42501" {
					t.Errorf("%s by %s: got %v, want it refused", statement, who, err)
				}
			}
		}
	}
	if got := number(t, writer, "SELECT count(*) FROM aslog.journal"); got != 1 {
		t.Errorf("%d rows are left of 1", got)
	}
}

// The daemon makes the months to come by itself, as often as it likes, and they
// are as closed as those before. The reader sees them without anybody's doing.
func TestMonthsToCome(t *testing.T) {
	t.Parallel()
	writerURL := testenv.PostgresURL(t)
	writer, reader := connect(t, writerURL), connect(t, testenv.ReaderURL(writerURL))
	for n, want := range []bool{true, false} {
		var made bool
		if err := writer.QueryRow(t.Context(), "SELECT aslog.make_journal_month('2041-05-17')").Scan(&made); err != nil || made != want {
			t.Fatalf("call %d: made %v, %v; want %v", n, made, err, want)
		}
	}
	execute(t, writer, `
		INSERT INTO aslog.journal (shard, seq, recorded_at, source, project_id, group_id, action_id, revision, change, content_hash, raw, chain_hash)
		VALUES (0, 1, '2041-05-31T23:59:59.999999Z', 's', 'p', 'g', 'a', 1, 'new', '', '{}', '')`)
	if got := number(t, reader, "SELECT count(*) FROM aslog.journal_2041_05"); got != 1 {
		t.Errorf("the reader sees %d rows of 1", got)
	}
	for _, statement := range []string{"DELETE FROM aslog.journal_2041_05", "TRUNCATE aslog.journal_2041_05"} {
		if _, err := writer.Exec(t.Context(), statement); code(err) != "42501" {
			t.Errorf("%s: got %v, want it refused", statement, err)
		}
	}
	if _, err := reader.Exec(t.Context(), "SELECT aslog.make_journal_month('2041-06-01')"); code(err) != "42501" {
		t.Errorf("the reader made a month: %v", err)
	}
}

// Readers read everything, also what is made later, and write nothing.
func TestReader(t *testing.T) {
	t.Parallel()
	writerURL := testenv.PostgresURL(t)
	reader, owner := connect(t, testenv.ReaderURL(writerURL)), connect(t, testenv.OwnerURL(writerURL))
	execute(t, owner, "SET ROLE aslogd_owner; CREATE TABLE aslog.later (n bigint); CREATE VIEW aslog.later_view AS SELECT n FROM aslog.later; RESET ROLE")
	rows, err := reader.Query(t.Context(), "SELECT relname FROM pg_class WHERE relnamespace = 'aslog'::regnamespace AND relkind IN ('r', 'p', 'v')")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if len(names) < 20 {
		t.Errorf("only %d tables and views", len(names))
	}
	for _, name := range names {
		number(t, reader, "SELECT count(*) FROM aslog."+name)
	}
	if _, err := reader.Exec(t.Context(), "DELETE FROM aslog.operation"); code(err) != "42501" {
		t.Errorf("the reader deletes: %v", err)
	}
}

// On a cluster without the roles: who may make them does; who may not is told
// what an administrator has to do, and goes on once that is done.
func TestWhoMigrates(t *testing.T) {
	t.Parallel()
	pg, err := embedded.Postgres(t.Context(), "", embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Stop()
	admin := connect(t, pg.URL)
	for _, statement := range []string{
		"CREATE ROLE plain LOGIN PASSWORD 'x'", "CREATE DATABASE plain",
		"CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'x'", "CREATE DATABASE maker OWNER maker",
		"CREATE DATABASE super",
	} {
		execute(t, admin, statement)
	}
	at := func(login, database string) string {
		u, _ := url.Parse(pg.URL)
		if login != "" {
			u.User = url.UserPassword(login, "x")
		}
		u.Path = "/" + database
		return u.String()
	}
	migrated := func(login, database string) {
		t.Helper()
		if _, err := migrations.Up(t.Context(), at(login, database), 4, nil); err != nil {
			t.Fatalf("%s: %v", login, err)
		}
		if _, err := migrations.Up(t.Context(), at(login, database), 4, nil); err != nil {
			t.Errorf("%s again: %v", login, err)
		}
		pool := connect(t, at("", database))
		if got := number(t, pool, "SELECT count(*) FROM pg_class WHERE relnamespace = 'aslog'::regnamespace AND relowner <> 'aslogd_owner'::regrole"); got != 0 {
			t.Errorf("%s: %d objects are not aslogd_owner's", login, got)
		}
	}

	_, err = migrations.Up(t.Context(), at("plain", "plain"), 4, nil)
	var rights *migrations.RightsError
	if !errors.As(err, &rights) {
		t.Fatalf("without any right: got %v, want a RightsError", err)
	}
	migrated("maker", "maker")

	_, err = migrations.Up(t.Context(), at("plain", "plain"), 4, nil)
	if !errors.As(err, &rights) {
		t.Fatalf("with roles but no right: got %v, want a RightsError", err)
	}
	inPlain := connect(t, at("", "plain"))
	execute(t, inPlain, deploy.Roles)
	execute(t, inPlain, "GRANT aslogd_owner TO plain")
	migrated("plain", "plain")
	migrated("", "super")
}

func code(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}
