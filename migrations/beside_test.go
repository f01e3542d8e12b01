package migrations_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"aslogd/internal/testenv"
	"aslogd/migrations"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What breaks: migrate runs beside daemons of the release before, which commit and
// note what they published all the while, and take their tables in both orders.
// What must hold: nobody waits for one who waits for him, and what an older release
// noted stays.
func TestAnUpgradeBesideDaemonsAtWork(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	owner := connect(t, testenv.OwnerURL(url))
	config := connect(t, url).Config()
	config.MaxConns = 12 // one for each of those at work
	writer, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	for _, statement := range []string{
		`DROP VIEW aslog.shard`,
		`ALTER TABLE aslog.shard_head DROP COLUMN head_commit`,
		`ALTER TABLE aslog.shard_published DROP COLUMN stopped_kind, DROP COLUMN stopped_topic`,
		`CREATE VIEW aslog.shard AS
			SELECT h.shard, h.owner, r.instance, h.epoch, r.expires_at, h.head_seq, h.head_hash, h.head_recorded_at,
			       coalesce(p.published_seq, 0) AS published_seq, p.published_at, p.stopped
			FROM aslog.shard_head h LEFT JOIN aslog.shard_published p USING (shard) LEFT JOIN aslog.replica r ON r.incarnation = h.owner`,
		`ALTER VIEW aslog.shard OWNER TO aslogd_owner`,
		`DELETE FROM aslog.schema_migration WHERE version_id = 6`,
		`UPDATE aslog.shard_published SET stopped = 'words' WHERE shard = 7`,
	} {
		execute(t, owner, statement)
	}
	expectState(t, writer, migrations.Older)

	ctx, stop := context.WithCancel(t.Context())
	var daemons sync.WaitGroup
	started := make(chan struct{}, 64)
	work := func(do func() error) {
		daemons.Go(func() {
			for first := true; ctx.Err() == nil; first = false {
				if err := do(); err != nil && ctx.Err() == nil {
					t.Errorf("beside migrate: %v", err)
					return
				}
				if first {
					started <- struct{}{}
				}
			}
		})
	}
	for shard := range 4 {
		work(func() error { return commit(ctx, writer, shard) })
		work(func() error {
			_, err := writer.Exec(ctx, `INSERT INTO aslog.shard_published AS p (shard, published_seq, updated_at)
				SELECT h.shard, 1, clock_timestamp() FROM aslog.shard_head h WHERE h.shard = $1
				ON CONFLICT (shard) DO UPDATE SET published_seq = p.published_seq + 1`, shard)
			return err
		})
		work(func() error {
			_, err := writer.Exec(ctx, `SELECT FROM aslog.shard_head h LEFT JOIN aslog.shard_published p USING (shard) WHERE h.shard = $1`, shard)
			return err
		})
	}
	for range 12 {
		<-started
	}
	applied, err := migrations.Up(t.Context(), testenv.OwnerURL(url), 8, nil)
	if err != nil || len(applied) != 1 {
		t.Errorf("applied %v: %v", applied, err)
	}
	stop()
	daemons.Wait()
	if n := number(t, writer, `SELECT count(*) FROM aslog.shard WHERE stopped = 'words' AND stopped_kind IS NULL AND stopped_topic IS NULL`); n != 1 {
		t.Errorf("%d shards stand still for what was noted before, want 1", n)
	}
	if n := number(t, connect(t, testenv.ReaderURL(url)), `SELECT count(stopped_kind) FROM aslog.shard`); n != 0 {
		t.Errorf("%d kinds", n)
	}
}

// commit holds a shard's row for a while, as COPY does.
func commit(ctx context.Context, pool *pgxpool.Pool, shard int) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT FROM aslog.shard_head WHERE shard = $1 FOR UPDATE`, shard)
		_, werr := tx.Exec(ctx, `SELECT pg_sleep(0.02)`)
		_, uerr := tx.Exec(ctx, `UPDATE aslog.shard_head SET head_seq = head_seq + 1 WHERE shard = $1`, shard)
		return errors.Join(err, werr, uerr)
	})
}
