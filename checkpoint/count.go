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

// Newest is the start of the group's newest stored action of before the moment.
func (s *Store) Newest(ctx context.Context, group string, before time.Time) (newest *time.Time, err error) {
	err = s.Pool.QueryRow(ctx, `SELECT max(start_time) FROM aslog.scaling_action WHERE group_id = $1 AND start_time < $2`, group, before).Scan(&newest)
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
