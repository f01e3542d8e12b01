package checkpoint

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/count.sql
var countSQL string

// A Count is what is known of a span, in records: stored, or quarantined whole.
type Count struct {
	Inside int        // that started in the span
	Around int        // the same, or up to a second beside it: in [From−1s, To+1s]
	Oldest *time.Time // the earliest start of those around
}

//go:embed sql/newest.sql
var newestSQL string

// Newest is the start of the group's newest stored action of before the moment
// that the API is expected to remember as it does others: see newest.sql.
func (s *Store) Newest(ctx context.Context, group string, before time.Time) (newest *time.Time, err error) {
	err = s.Pool.QueryRow(ctx, newestSQL, pgx.NamedArgs{"group": group, "before": before}).Scan(&newest)
	if err != nil {
		return nil, fmt.Errorf("look for what is stored of group %s before %s: %w", group, before, err)
	}
	return newest, nil
}

// Count counts what is known of a span of the group's start times.
func (s *Store) Count(ctx context.Context, group string, span Span) (n Count, err error) {
	err = s.Pool.QueryRow(ctx, countSQL, pgx.NamedArgs{"group": group, "from": span.From, "to": span.To}).
		Scan(&n.Inside, &n.Around, &n.Oldest)
	if err != nil {
		return Count{}, fmt.Errorf("count what is stored of group %s in %s: %w", group, span, err)
	}
	return n, nil
}
