// Package migrations makes and upgrades the schema aslog, and tells a daemon
// whether it may use the schema that it finds.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Generation is what this binary knows of the schema. It rises with a migration
// that older binaries cannot live with; such a migration sets
// schema_info.oldest_binary to the new value. Additive ones leave both alone.
const Generation = 1

// versionTable is goose's, kept in the schema so that one drop takes it all.
const versionTable = "aslog.schema_migration"

//go:embed 0*.sql
var files embed.FS

//go:embed grants.sql
var grants string

// Digest names the schema that Up makes: another migration, or other rights,
// have another.
func Digest() string {
	sum := sha256.New()
	_ = fs.WalkDir(files, ".", func(path string, _ fs.DirEntry, _ error) error { // what is embedded can be read
		text, _ := files.ReadFile(path)
		fmt.Fprintf(sum, "%s\n%s\n", path, text)
		return nil
	})
	fmt.Fprint(sum, grants)
	return hex.EncodeToString(sum.Sum(nil))
}

// Up brings the database that url names to this binary's schema, with roles,
// rights and the rows of so many shards, and returns the names of the
// migrations that it applied. It may be repeated, and run twice at once: one
// waits for the other. Lines about what it does go to progress, which may be
// nil.
//
// The role that url connects as is a superuser, or has CREATEROLE and CREATE on
// the database, or is a member of aslogd_owner after an administrator ran
// deploy/roles.sql; short of that the error is a *RightsError. Another number
// of shards than the schema has is a *ShardsError, a schema for newer binaries
// only a *TooNewError; then nothing is changed.
func Up(ctx context.Context, url string, shards int, progress io.Writer) ([]string, error) {
	if progress == nil {
		progress = io.Discard
	}
	if shards < 1 {
		return nil, fmt.Errorf("migrate: %d shards: at least one is needed", shards)
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close()

	// One lock around the whole, not around the migrations alone: roles, schema
	// and shard rows are raced for just the same. It looks once a second for
	// ten minutes, since the other one may be building an index.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
	if err != nil {
		return nil, fmt.Errorf("set up the migration lock: %w", err)
	}
	if err := locker.SessionLock(ctx, conn); err != nil {
		return nil, fmt.Errorf("wait for another migrate: %w", err)
	}
	defer locker.SessionUnlock(context.WithoutCancel(ctx), conn)

	if err := refuse(ctx, conn, shards); err != nil {
		return nil, err
	}
	if err := prepare(ctx, conn, progress); err != nil {
		return nil, err
	}
	owner := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(becomeOwner))
	defer owner.Close()
	applied, err := apply(ctx, owner, progress)
	if err != nil {
		return applied, err
	}
	if _, err := owner.ExecContext(ctx, grants); err != nil {
		return applied, fmt.Errorf("grant rights in schema aslog: %w", err)
	}
	return applied, settle(ctx, owner, shards)
}

func becomeOwner(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SET ROLE aslogd_owner")
	return err
}

func apply(ctx context.Context, db *sql.DB, progress io.Writer) (applied []string, err error) {
	provider, err := newProvider(db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	for _, result := range results {
		applied = append(applied, result.Source.Path)
		fmt.Fprintf(progress, "applied %s in %s\n", result.Source.Path, result.Duration)
	}
	if err != nil {
		return applied, fmt.Errorf("apply migrations: %w", err)
	}
	return applied, nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the embedded migrations: %w", err)
	}
	return provider, nil
}
