package checkpoint

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	//go:embed sql/budget_take.sql
	budgetTakeSQL string
	//go:embed sql/budget_open.sql
	budgetOpenSQL string
	//go:embed sql/budget_pause.sql
	budgetPauseSQL string
)

// A Budget is the requests that all replicas together may send to a source: a
// bucket that fills by Postgres's clock and never holds more than ten seconds'
// worth. It is the only place where requests are granted, so a hand-over or a
// restart spends nothing twice.
type Budget struct{ Pool *pgxpool.Pool }

// Take asks for up to want requests to the source, of perMinute altogether.
// Where it gets none, wait says after how long asking again is of use: when
// the next one is due, or the pause ends. Whoever takes more than it sends has
// wasted it. perMinute 0 pauses the source.
func (b *Budget) Take(ctx context.Context, source string, want, perMinute int) (got int, wait time.Duration, err error) {
	if perMinute <= 0 {
		return 0, time.Minute, nil
	}
	if want <= 0 {
		return 0, 0, nil
	}
	args := pgx.NamedArgs{
		"source":     source,
		"want":       want,
		"per_second": float64(perMinute) / 60,
		"cap":        max(1, float64(perMinute)/6),
	}
	take := func() error { return b.Pool.QueryRow(ctx, budgetTakeSQL, args).Scan(&got, &wait) }
	err = take()
	if errors.Is(err, pgx.ErrNoRows) { // the source's first request ever
		if _, err = b.Pool.Exec(ctx, budgetOpenSQL, args); err == nil {
			err = take()
		}
	}
	if err != nil {
		return 0, 0, fmt.Errorf("take %d of the budget of %s: %w", want, source, err)
	}
	return got, wait, nil
}

// Pause keeps every replica from asking the source for anything before the
// given moment of this process's clock. It never shortens a pause.
func (b *Budget) Pause(ctx context.Context, source string, until time.Time) error {
	// As a duration, so that the two clocks need not agree.
	_, err := b.Pool.Exec(ctx, budgetPauseSQL, pgx.NamedArgs{"source": source, "pause": time.Until(until)})
	if err != nil {
		return fmt.Errorf("pause source %s: %w", source, err)
	}
	return nil
}
