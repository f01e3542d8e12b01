package checkpoint_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

// What counts: actions by their start, and records that were quarantined whole
// by the start in their text, once, as long as nothing of them is stored.
func TestStoredCountsWhatIsKnown(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	hour := checkpoint.Span{From: at, To: at.Add(time.Hour)}
	ask := func(span checkpoint.Span) checkpoint.Count {
		t.Helper()
		n, err := store.Count(ctx, "g", span)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, checkpoint.Count{}, ask(hour))

	for id, offset := range map[string]time.Duration{
		"before": -2 * time.Second, "first": 0, "middle": time.Minute, "end": time.Hour, "beside": time.Hour + time.Second, "after": time.Hour + 2*time.Second,
	} {
		insertAction(t, pool, "g", id, at.Add(offset))
	}
	insertAction(t, pool, "other", "first", at)
	n := ask(hour)
	require.Equal(t, 2, n.Inside)
	require.Equal(t, 4, n.Around, "the end and the second after it may be in the filter's edge")
	require.True(t, n.Oldest.Equal(at), "%s", n.Oldest)

	quarantine := func(id any, reason, raw, hash string, resolved bool) {
		t.Helper()
		_, err := pool.Exec(ctx, `INSERT INTO aslog.quarantine (seen_at, source, group_id, action_id, reason, raw, raw_hash, resolved_at)
			VALUES (now(), 's', 'g', $1, $2, $3, $4, CASE WHEN $5 THEN now() END)`, id, reason, []byte(raw), []byte(hash), resolved)
		require.NoError(t, err)
	}
	quarantine(nil, "no_id", `{"start_time" : "2026-03-01T10:20:00Z"}`, "1", false)
	quarantine(nil, "not_utf8", "{\"description\":\"\xff\x00\\\",\"start_time\":\"2026-03-01T10:59:59Z\"}", "2", false)
	quarantine("x", "refused", `{"start_time":"2026-03-01T10:21:00Z"}`, "3", false)
	quarantine("x", "too_deep", `{"start_time":"2026-03-01T10:21:00Z"}`, "4", false)     // the same record
	quarantine("middle", "refused", `{"start_time":"2026-03-01T10:01:00Z"}`, "5", false) // stored after all
	quarantine("y", "refused", `{"start_time":"2026-03-01T10:22:00Z"}`, "6", true)       // resolved
	quarantine("z", "field:type", `{"start_time":"2026-03-01T10:23:00Z"}`, "7", false)   // only a field
	quarantine(nil, "not_json", `<html>`, "8", false)                                    // no record
	quarantine(nil, "no_id", `{"start_time":"2026-03-01T11:20:00Z"}`, "9", false)        // elsewhere
	quarantine(nil, "no_id", `{"start_time":"2026-03-01T10:61:99Z"}`, "10", false)       // no time
	require.Equal(t, 5, ask(hour).Inside)
}

func insertAction(t *testing.T, pool *pgxpool.Pool, group, id string, start time.Time) {
	t.Helper()
	_, err := pool.Exec(context.Background(), `INSERT INTO aslog.scaling_action
		(group_id, action_id, project_id, revision, start_time, first_seen_at, changed_at, shard, seq, content_hash, open, asked_epoch, asked_at)
		VALUES ($1, $2, 'p', 1, $3, now(), now(), 1, 1, '', false, 1, now())`, group, id, start)
	require.NoError(t, err)
}

// A worker that starts finds the pointers where they were left.
func TestGroupsCarryTheirPointers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := testenv.PostgresURL(t)
	pool, err := pgxpool.New(ctx, url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store := &checkpoint.Store{Pool: pool}
	lease := own(t, pool, "s")
	_, err = store.SaveList(ctx, lease, list(listed("a", 1, false)), shards)
	require.NoError(t, err)
	shard := checkpoint.ShardOf("a", shards)
	_, err = pool.Exec(ctx, `INSERT INTO aslog.checkpoint (group_id, project_id, source, shard, backfill_from, tail_from, watermark, updated_at)
		VALUES ('a', 'p', 's', $1, now(), now(), now(), now())`, shard)
	require.NoError(t, err)
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	_, err = pool.Exec(ctx, `INSERT INTO aslog.settle (group_id, stage, reached, at)
		VALUES ('a', '1 hour', $1, now()), ('a', '1 day', $2, now())`, at, at.Add(-time.Hour))
	require.NoError(t, err)
	groups, err := store.Groups(ctx, shard)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, map[time.Duration]time.Time{time.Hour: at, 24 * time.Hour: at.Add(-time.Hour)}, groups[0].Settled)
}

// What is evidence of how far back the API remembers: not what is still open, nor
// what was stored as ended before it is said to have started.
func TestTheNewestStoredActionIsOneThatProves(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	newest, err := store.Newest(ctx, "g", at)
	require.NoError(t, err)
	require.Nil(t, newest)

	for id, before := range map[string]time.Duration{"older": 3 * time.Hour, "ended": 2 * time.Hour, "open": time.Hour, "to come": time.Minute, "at": 0} {
		insertAction(t, pool, "g", id, at.Add(-before))
	}
	insertAction(t, pool, "other", "ended", at.Add(-time.Second))
	_, err = pool.Exec(ctx, `UPDATE aslog.scaling_action SET open = action_id = 'open',
		changed_at = CASE action_id WHEN 'to come' THEN start_time - interval '1 hour' ELSE start_time END`)
	require.NoError(t, err)
	newest, err = store.Newest(ctx, "g", at)
	require.NoError(t, err)
	require.NotNil(t, newest)
	require.True(t, newest.Equal(at.Add(-2*time.Hour)), "%s", newest)
}
