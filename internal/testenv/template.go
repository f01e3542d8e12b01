package testenv

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"aslogd/deploy"
	"aslogd/migrations"

	"github.com/jackc/pgx/v5"
)

// The roles that tests log in as, each a member of one role of the schema.
const (
	writerLogin   = "aslogd_test_writer"
	readerLogin   = "aslogd_test_reader"
	loginPassword = "test"
	shards        = 8
)

// template is a migrated database to copy. Its name carries a hash of all that
// made it, so that test binaries which share a server, and branches, never take
// another schema for theirs. It is made under another name and renamed when it
// is whole; the lock is the server's, as the server is shared.
func template(ctx context.Context, admin string) (string, error) {
	hash := sha256.New()
	fmt.Fprint(hash, shards, migrations.Digest(), deploy.Roles, time.Now().UTC().Format("2006-01"))
	name := fmt.Sprintf("aslogd_template_%x", hash.Sum(nil)[:6])

	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // and the lock with it
	there := func() (found bool, err error) {
		err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&found)
		return found, err
	}
	if found, err := there(); found || err != nil {
		return name, err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext('aslogd testenv'))"); err != nil {
		return "", err
	}
	if found, err := there(); found || err != nil {
		return name, err
	}
	fresh := name + "_fresh"
	err = execute(ctx, admin,
		"DROP DATABASE IF EXISTS "+fresh+" WITH (FORCE)",
		"CREATE DATABASE "+fresh+" TEMPLATE template0 ENCODING 'UTF8'")
	if err != nil {
		return "", err
	}
	if _, err := migrations.Up(ctx, inDatabase(admin, fresh), shards, nil); err != nil {
		return "", err
	}
	for login, role := range map[string]string{writerLogin: "aslogd_writer", readerLogin: "aslogd_reader"} {
		var found bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", login).Scan(&found); err != nil {
			return "", err
		}
		if !found {
			if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE %s", login, loginPassword, role)); err != nil {
				return "", err
			}
		}
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", fresh, name))
	return name, err
}
