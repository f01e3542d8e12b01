package arrivals

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// look is how long a table is left alone between two looks: what is seen is at
// most so much older than the time noted.
const look = 200 * time.Millisecond

// A Table watches rows.
type Table struct {
	Arrivals
	db    *pgx.Conn
	query string
	stop  context.CancelFunc
	done  chan struct{}
	err   error
}

// Watch begins to look at a table by a query for action and status. The table may
// be made later.
func Watch(ctx context.Context, url, query string) (*Table, error) {
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	t := &Table{db: db, query: query, done: make(chan struct{})}
	ctx, t.stop = context.WithCancel(ctx)
	go func() {
		defer close(t.done)
		known := map[State]bool{}
		for ctx.Err() == nil {
			rows, err := Rows(ctx, db, query)
			if err != nil {
				t.err = err
				return
			}
			now := time.Now()
			for _, s := range rows {
				if !known[s] { // the same row at the next look is no second arrival
					known[s] = true
					t.Note(s, now)
				}
			}
			select {
			case <-time.After(look):
			case <-ctx.Done():
			}
		}
	}()
	return t, nil
}

// Rows are the rows of a query for action and status; none while there is no
// such table.
func Rows(ctx context.Context, db *pgx.Conn, query string) ([]State, error) {
	rows, _ := db.Query(ctx, query) // its error comes with the rows
	states, err := pgx.CollectRows(rows, pgx.RowToStructByPos[State])
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && refused.Code == "42P01" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at the rows: %w", err)
	}
	return states, nil
}

// Close ends it; an error is what kept it from looking.
func (t *Table) Close(ctx context.Context) error {
	t.stop()
	<-t.done
	closed := t.db.Close(context.WithoutCancel(ctx))
	if t.err != nil && !errors.Is(t.err, context.Canceled) {
		return t.err
	}
	return closed
}
