package sink

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A database is a *pgxpool.Pool, as far as the committer and the relay use it.
// They never see more than single statements and transactions, so a simulation
// can stand in for it and decide what happens between any two of them.
type database interface {
	Begin(ctx context.Context) (pgx.Tx, error)
	statements
}

type statements interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}
