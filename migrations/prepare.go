package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"aslogd/deploy"

	"github.com/jackc/pgx/v5/pgconn"
)

// A RightsError says that the role which runs migrate may not do something that
// an administrator can do for it.
type RightsError struct {
	Doing string // what was refused
	Err   error
}

func (e *RightsError) Error() string {
	return fmt.Sprintf("%s: %v: an administrator has to run deploy/roles.sql in this database, and GRANT aslogd_owner to the role that runs migrate", e.Doing, e.Err)
}

func (e *RightsError) Unwrap() error { return e.Err }

// prepare leaves three roles, of which the current one may take aslogd_owner's
// place, and a schema that aslogd_owner owns. Each step is left out where it is
// done already: who may not do it again should not be told so.
func prepare(ctx context.Context, conn *sql.Conn, progress io.Writer) error {
	var roles, creates, member, schema bool
	look := func() error {
		return conn.QueryRowContext(ctx, `
			SELECT (SELECT count(*) FROM pg_roles WHERE rolname IN ('aslogd_owner', 'aslogd_writer', 'aslogd_reader')) = 3,
			       coalesce((SELECT has_database_privilege(oid, current_database(), 'CREATE') FROM pg_roles WHERE rolname = 'aslogd_owner'), false),
			       coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = 'aslogd_owner'), false),
			       to_regnamespace('aslog') IS NOT NULL`).Scan(&roles, &creates, &member, &schema)
	}
	if err := look(); err != nil {
		return fmt.Errorf("look for roles and schema: %w", err)
	}
	if !roles || !creates && !schema {
		if _, err := conn.ExecContext(ctx, deploy.Roles); err != nil {
			return rights("make the roles aslogd_owner, aslogd_writer and aslogd_reader", err)
		}
		if !roles {
			fmt.Fprintln(progress, "made roles aslogd_owner, aslogd_writer, aslogd_reader")
		}
		if err := look(); err != nil {
			return fmt.Errorf("look for roles and schema: %w", err)
		}
	}
	if !member {
		if _, err := conn.ExecContext(ctx, "GRANT aslogd_owner TO CURRENT_USER"); err != nil {
			return rights("take the role aslogd_owner", err)
		}
	}
	if schema {
		return nil
	}
	// As the login role where it owns the database, else as aslogd_owner.
	_, err := conn.ExecContext(ctx, "CREATE SCHEMA aslog AUTHORIZATION aslogd_owner")
	if refused(err) {
		_, err = conn.ExecContext(ctx, "SET ROLE aslogd_owner; CREATE SCHEMA aslog; RESET ROLE")
	}
	if err != nil {
		return rights("create the schema aslog", err)
	}
	fmt.Fprintln(progress, "made schema aslog")
	return nil
}

func refused(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "42501" // insufficient_privilege
}

func rights(doing string, err error) error {
	if refused(err) {
		return &RightsError{Doing: doing, Err: err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}
