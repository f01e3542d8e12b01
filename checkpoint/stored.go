package checkpoint

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/stored.sql
var storedSQL string

// Stored is what is known of a span, in records: stored, or quarantined whole.
type Stored struct {
	Inside int        // that started in the span
	Around int        // the same, or up to a second beside it: in [From−1s, To+1s]
	Oldest *time.Time // the earliest start of those around
}

// Stored counts what is known of a span of the group's start times.
func (s *Store) Stored(ctx context.Context, group string, span Span) (n Stored, err error) {
	err = s.Pool.QueryRow(ctx, storedSQL, pgx.NamedArgs{"group": group, "from": span.From, "to": span.To}).
		Scan(&n.Inside, &n.Around, &n.Oldest)
	if err != nil {
		return Stored{}, fmt.Errorf("count what is stored of group %s in %s: %w", group, span, err)
	}
	return n, nil
}
