package checkpoint_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

const visitTTL = time.Second

func visitor(t *testing.T, url string) *checkpoint.Visit {
	pool, _ := connect(t, url, "visitor", visitTTL)
	return &checkpoint.Visit{Pool: pool, Instance: "visitor", Incarnation: "visitor", TTL: visitTTL}
}

// owner puts a shard into somebody's hands, whose heartbeat ends after left.
func owner(t *testing.T, pool *pgxpool.Pool, shard int, incarnation string, left time.Duration) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `INSERT INTO aslog.replica VALUES ($1, $1, now(), now(), now() + $2::interval)
		ON CONFLICT (incarnation) DO UPDATE SET beat_at = clock_timestamp(), expires_at = clock_timestamp() + $2::interval`, incarnation, left)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `UPDATE aslog.shard_head SET owner = $2, epoch = 5 WHERE shard = $1`, shard, incarnation)
	require.NoError(t, err)
}

// What must hold: a visit takes what is free and what a dead owner left, under
// the next epoch, keeps it while it works, and gives it back; a living owner
// keeps his.
func TestLaw04VisitTakesOnlyWhatNobodyLivesIn(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	v := visitor(t, url)
	owner(t, v.Pool, 0, "alive", time.Hour)
	owner(t, v.Pool, 1, "dead", -time.Minute)
	began := time.Now()
	var taken []int
	err := v.Run(t.Context(), []int{0, 1, 2}, func(ctx context.Context, shard int, l checkpoint.Lease, err error) error {
		var held *checkpoint.Held
		if errors.As(err, &held) {
			require.Equal(t, 0, shard)
			require.Contains(t, err.Error(), "shard 0 is held by the running daemon alive")
			return nil
		}
		require.NoError(t, err)
		require.Equal(t, map[int]int64{1: 6, 2: 1}[shard], l.Epoch)
		require.GreaterOrEqual(t, time.Since(began), visitTTL, "a silent owner is watched first")
		// It works for longer than its heartbeat lasts without another beat.
		until := time.Now().Add(visitTTL * 3 / 2)
		eventually(t, "time passes", func() bool { return time.Now().After(until) })
		var lives bool
		require.NoError(t, v.Pool.QueryRow(ctx, `SELECT expires_at > clock_timestamp() FROM aslog.shard WHERE shard = $1`, shard).Scan(&lives))
		require.True(t, lives, "others might take it")
		taken = append(taken, shard)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, taken)
	var owners, members int
	require.NoError(t, v.Pool.QueryRow(t.Context(), `SELECT count(owner) FROM aslog.shard_head`).Scan(&owners))
	require.NoError(t, v.Pool.QueryRow(t.Context(), `SELECT count(*) FROM aslog.replica WHERE incarnation = 'visitor'`).Scan(&members))
	require.Equal(t, []int{1, 0}, []int{owners, members}, "the living owner keeps his shard; nothing is left of the visit")
}

// What breaks: Postgres was away, so that a living owner's heartbeat looks
// expired. What must hold: he comes back within a TTL, and keeps his shard.
func TestVisitLeavesAnOwnerWhoComesBack(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	v := visitor(t, url)
	owner(t, v.Pool, 0, "cut off", -time.Minute)
	time.AfterFunc(visitTTL/2, func() {
		// It expires again before the second look: what counts is that it moved.
		_, _ = v.Pool.Exec(context.Background(), `UPDATE aslog.replica SET beat_at = clock_timestamp(), expires_at = clock_timestamp() + interval '10 ms'`)
	})
	err := v.Run(t.Context(), []int{0}, func(_ context.Context, _ int, _ checkpoint.Lease, err error) error {
		var held *checkpoint.Held
		require.ErrorAs(t, err, &held)
		return nil
	})
	require.NoError(t, err)
	var epoch int64
	require.NoError(t, v.Pool.QueryRow(t.Context(), `SELECT epoch FROM aslog.shard_head WHERE shard = 0`).Scan(&epoch))
	require.Equal(t, int64(5), epoch)
}
