package ground

import (
	"context"
	"fmt"
	"time"
)

// Await waits until so many revisions are stored and published, and gives the
// time from a moment until all were stored.
func (p *Place) Await(ctx context.Context, began time.Time, actions int) (stored time.Duration, err error) {
	for {
		var head, sent int
		if err := p.DB.QueryRow(ctx, "SELECT sum(head_seq)::bigint, sum(published_seq)::bigint FROM aslog.shard").Scan(&head, &sent); err != nil {
			return 0, fmt.Errorf("ask how far it is: %w", err)
		}
		if head >= actions && stored == 0 {
			stored = time.Since(began)
		}
		if sent >= actions {
			return stored, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return 0, fmt.Errorf("%d of %d stored, %d published: %w", head, actions, sent, ctx.Err())
		}
	}
}

// Updates are how often the journal's heads rose, which each commit of rows does
// once for its shard, and how often what is published did, which follows each
// transaction of Kafka.
func (p *Place) Updates(ctx context.Context) (commits, published int, err error) {
	_, err = p.DB.Exec(ctx, "SELECT pg_stat_clear_snapshot()")
	if err == nil {
		err = p.DB.QueryRow(ctx, `SELECT sum(n_tup_upd) FILTER (WHERE relname = 'shard_head'), sum(n_tup_upd) FILTER (WHERE relname = 'shard_published')
			FROM pg_stat_user_tables WHERE schemaname = 'aslog'`).Scan(&commits, &published)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("ask how many transactions there were: %w", err)
	}
	return commits, max(1, published), nil
}

// Covered waits until so many groups of a source are proved up to some moment.
func (p *Place) Covered(ctx context.Context, source string, groups int) error {
	for {
		var n int
		if err := p.DB.QueryRow(ctx, "SELECT count(*) FROM aslog.checkpoint WHERE source = $1 AND NOT isempty(covered) AND watermark > backfill_from", source).Scan(&n); err != nil {
			return fmt.Errorf("ask how many groups are covered: %w", err)
		}
		if n >= groups {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d groups of %s are covered: %w", n, groups, source, ctx.Err())
		}
	}
}

// Commits is how many transactions of the database have committed.
func (p *Place) Commits(ctx context.Context) (n int, err error) {
	if err := p.DB.QueryRow(ctx, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()").Scan(&n); err != nil {
		return 0, fmt.Errorf("ask how many transactions there were: %w", err)
	}
	return n, nil
}
