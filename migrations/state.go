package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A State is what a daemon finds where the schema should be.
type State int

// The states. A daemon works with OK, waits for migrate with Missing and Older,
// and gives up with TooNew.
const (
	Missing State = iota // no schema, or one whose first migrate has not ended
	Older                // migrations that this binary needs are not applied
	OK                   // as this binary knows it, or with additions
	TooNew               // newer binaries only
)

// String is the state in words, for people.
func (s State) String() string {
	switch s {
	case Missing:
		return "no schema yet: waiting for aslogd migrate"
	case Older:
		return "the schema is older than this binary: waiting for aslogd migrate"
	case OK:
		return "ok"
	case TooNew:
		return "the schema is for newer binaries only: upgrade aslogd"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// A ShardsError says that the schema was made for another number of shards.
// The number is fixed: it places groups in shards and partitions.
type ShardsError struct{ Have, Want int }

func (e *ShardsError) Error() string {
	return fmt.Sprintf("the schema has %d shards, and that cannot change; %d were asked for: set ASLOGD_SHARDS=%d", e.Have, e.Want, e.Have)
}

// A TooNewError says that the schema may be used by newer binaries only.
type TooNewError struct{ Oldest int }

func (e *TooNewError) Error() string {
	return fmt.Sprintf("the schema needs a binary of generation %d or newer, and this one is of generation %d: upgrade aslogd", e.Oldest, Generation)
}

// Check tells whether this binary may use the schema that pool reaches.
func Check(ctx context.Context, pool *pgxpool.Pool) (State, error) {
	var there bool
	if err := pool.QueryRow(ctx, schemaThere).Scan(&there); err != nil {
		return Missing, fmt.Errorf("look for schema aslog: %w", err)
	}
	if !there {
		return Missing, nil
	}
	var oldest int
	var version int64
	err := pool.QueryRow(ctx, `
		SELECT oldest_binary, (SELECT coalesce(max(version_id), 0) FROM aslog.schema_migration WHERE is_applied)
		FROM aslog.schema_info`).Scan(&oldest, &version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Missing, nil
	case err != nil:
		return Missing, fmt.Errorf("read the schema's version: %w", err)
	case oldest > Generation:
		return TooNew, nil
	}
	needed, err := newest()
	if err != nil {
		return Missing, err
	}
	if version < needed {
		return Older, nil
	}
	return OK, nil
}

// Shards is the number of shards that the schema was made for.
func Shards(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	var shards int
	if err := pool.QueryRow(ctx, "SELECT shards FROM aslog.schema_info").Scan(&shards); err != nil {
		return 0, fmt.Errorf("read the number of shards: %w", err)
	}
	return shards, nil
}

// schemaThere asks the catalog itself: to_regclass would fail, not answer, for a
// role that may not look into the schema.
const schemaThere = `SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'schema_info' AND relnamespace = to_regnamespace('aslog'))`

// refuse finds what forbids a migration before anything is touched.
func refuse(ctx context.Context, conn *sql.Conn, shards int) error {
	var there bool
	if err := conn.QueryRowContext(ctx, schemaThere).Scan(&there); err != nil {
		return fmt.Errorf("look for schema aslog: %w", err)
	}
	if !there {
		return nil
	}
	var have, oldest int
	err := conn.QueryRowContext(ctx, "SELECT shards, oldest_binary FROM aslog.schema_info").Scan(&have, &oldest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return rights("read aslog.schema_info", err)
	case oldest > Generation:
		return &TooNewError{Oldest: oldest}
	case have != shards:
		return &ShardsError{Have: have, Want: shards}
	}
	return nil
}

// settle writes the rows that every schema has, in one transaction, last: the
// row in schema_info is what tells a waiting daemon that all is there.
func settle(ctx context.Context, db *sql.DB, shards int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write the shard rows: %w", err)
	}
	defer tx.Rollback()
	for _, statement := range []string{
		"INSERT INTO aslog.shard_head (shard) SELECT generate_series(0, $1::integer - 1) ON CONFLICT DO NOTHING",
		"INSERT INTO aslog.shard_published (shard) SELECT generate_series(0, $1::integer - 1) ON CONFLICT DO NOTHING",
		"INSERT INTO aslog.schema_info (shards, oldest_binary) VALUES ($1, 1) ON CONFLICT DO NOTHING",
	} {
		if _, err := tx.ExecContext(ctx, statement, shards); err != nil {
			return fmt.Errorf("write the shard rows: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write the shard rows: %w", err)
	}
	return nil
}

func newest() (int64, error) {
	names, err := files.ReadDir(".")
	if err != nil {
		return 0, fmt.Errorf("read the embedded migrations: %w", err)
	}
	var version int64
	if _, err := fmt.Sscanf(names[len(names)-1].Name(), "%d_", &version); err != nil {
		return 0, fmt.Errorf("read the version of migration %s: %w", names[len(names)-1].Name(), err)
	}
	return version, nil
}
