package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"aslogd/internal/embedded"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Postgres is a pool on a fresh, migrated database of 8 shards, as a role that
// is aslogd_writer and nothing else. Pool and database go with the test.
func Postgres(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return pool(t, PostgresURL(t))
}

// PostgresURL is the URL of a fresh, migrated database of 8 shards, for a role
// that is aslogd_writer and nothing else. The database goes with the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	admin := adminURL(t)
	template, err := template(t.Context(), admin)
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	return as(database(t, admin, template), writerLogin, loginPassword)
}

// CopyURL is the URL, for the role of PostgresURL, of a copy of the database that
// writerURL names, as it stands now: a backup that is restored later. Whatever
// is connected to the original is cut off. The copy goes with the test.
func CopyURL(t testing.TB, writerURL string) string {
	t.Helper()
	u, err := url.Parse(writerURL)
	if err != nil {
		t.Fatalf("read the URL of the test database: %v", err)
	}
	admin, name := adminURL(t), strings.TrimPrefix(u.Path, "/")
	err = execute(t.Context(), admin, fmt.Sprintf(
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '%s'", name))
	if err != nil {
		t.Fatalf("cut off the test database: %v", err)
	}
	return as(database(t, admin, name), writerLogin, loginPassword)
}

// EmptyPostgresURL is the URL of a fresh database with nothing in it, for the
// superuser. The database goes with the test.
func EmptyPostgresURL(t testing.TB) string {
	t.Helper()
	return database(t, adminURL(t), "template0")
}

// OwnerURL is the URL of the superuser for the database that writerURL names.
func OwnerURL(writerURL string) string {
	admin, err := url.Parse(postgres.address)
	if err != nil || postgres.address == "" {
		panic("testenv: OwnerURL before PostgresURL")
	}
	password, _ := admin.User.Password()
	return as(writerURL, admin.User.Username(), password)
}

// ReaderURL is the URL, for a role that is aslogd_reader and nothing else, of
// the database that writerURL names.
func ReaderURL(writerURL string) string { return as(writerURL, readerLogin, loginPassword) }

func pool(t testing.TB, address string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		t.Fatalf("read the URL of the test database: %v", err)
	}
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatalf("connect to the test database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// database makes a database for the test and gives the superuser's URL of it.
func database(t testing.TB, admin, template string) string {
	t.Helper()
	name := "aslogd_test_" + strings.ToLower(rand.Text()[:16])
	if err := execute(t.Context(), admin, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatalf("make the test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := execute(ctx, admin, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	return inDatabase(admin, name)
}

func adminURL(t testing.TB) string {
	t.Helper()
	address, err := postgres.get(startPostgres)
	if err != nil {
		t.Fatalf("start Postgres for tests: %v", err)
	}
	return address
}

func startPostgres(ctx context.Context) (string, func(), error) {
	if address := os.Getenv("ASLOGD_TEST_DATABASE_URL"); address != "" {
		say("Postgres", "the one of ASLOGD_TEST_DATABASE_URL")
		return address, nil, nil
	}
	if dockerAnswers(ctx) {
		return containerPostgres(ctx)
	}
	pg, err := embedded.Postgres(ctx, "", embedded.Options{})
	if err != nil {
		return "", nil, err
	}
	say("Postgres", "embedded, "+pg.Version)
	return pg.URL, func() { pg.Stop() }, nil
}

func execute(ctx context.Context, address string, statements ...string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func as(address, user, password string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic("testenv: " + err.Error())
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

func inDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic("testenv: " + err.Error())
	}
	u.Path = "/" + name
	return u.String()
}
