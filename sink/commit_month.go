package sink

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	//go:embed sql/month_missing.sql
	monthMissingSQL string
	//go:embed sql/month_ahead.sql
	monthAheadSQL string
)

// keepMonths makes the journal's partitions ahead, now and daily.
func (c *Committer) keepMonths(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.EnsureMonths(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn().Err(err).Msg("months of the journal not made ahead")
		}
		if sleep(ctx, 24*time.Hour) != nil {
			return
		}
	}
}

// monthMissing reports whether the journal has no partition for the row.
func monthMissing(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23514" && pg.Routine == "ExecFindPartition"
}

// makeMonth makes the partition that the shard's next row falls into.
func (c *Committer) makeMonth(ctx context.Context) error {
	if _, err := c.pool.Exec(ctx, monthMissingSQL, pgx.NamedArgs{"shard": c.lease.Shard}); err != nil {
		return fmt.Errorf("make this month's partition of the journal: %w", err)
	}
	return nil
}

// EnsureMonths makes the journal's partitions for this month and three more,
// where they are missing.
func (c *Committer) EnsureMonths(ctx context.Context) error {
	for month := range 4 {
		if _, err := c.pool.Exec(ctx, monthAheadSQL, pgx.NamedArgs{"months": month}); err != nil {
			return fmt.Errorf("make the journal's partition %d months ahead: %w", month, err)
		}
	}
	return nil
}
