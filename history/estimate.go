package history

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
)

//go:embed sql/estimate.sql
var estimateSQL string

// An Estimate is what reading a span of a source's groups again would cost.
type Estimate struct {
	Source   string
	Groups   int
	Rows     int64
	Requests int64
	Unread   float64 // share of the time that was never read, 0 to 1
}

// Estimates reckons from what is stored, by source, and sends no request.
func Estimates(ctx context.Context, pool *pgxpool.Pool, span checkpoint.Span, groups []string) ([]Estimate, error) {
	rows, err := pool.Query(ctx, estimateSQL, groups, span.From, span.To)
	if err != nil {
		return nil, fmt.Errorf("reckon what %s would cost: %w", span, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Estimate, err error) {
		var unread *float64
		err = row.Scan(&e.Source, &e.Groups, &e.Rows, &e.Requests, &unread)
		if unread != nil {
			e.Unread = *unread
		}
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("reckon what %s would cost: %w", span, err)
	}
	return found, nil
}
