package checkpoint_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

// met makes groups known with a checkpoint each, in the shards given.
func met(t *testing.T, pool *pgxpool.Pool, groups map[string]int) {
	t.Helper()
	for id, shard := range groups {
		_, err := pool.Exec(context.Background(), `INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, changed_at)
			VALUES ($1, 'p', 's', $2, now(), now())`, id, shard)
		require.NoError(t, err)
		_, err = pool.Exec(context.Background(), `INSERT INTO aslog.checkpoint (group_id, project_id, source, shard, backfill_from, tail_from, watermark, updated_at)
			VALUES ($1, 'p', 's', $2, $3, $3, $3, now())`, id, shard, at(0))
		require.NoError(t, err)
	}
}

func holdShard(t *testing.T, pool *pgxpool.Pool, shard int) checkpoint.Lease {
	t.Helper()
	l := checkpoint.Lease{Shard: shard, Owner: "me"}
	require.NoError(t, pool.QueryRow(context.Background(),
		`UPDATE aslog.shard_head SET owner = $1, epoch = epoch + 1 WHERE shard = $2 RETURNING epoch`, l.Owner, shard).Scan(&l.Epoch))
	return l
}

func outcomeOf(t *testing.T, pool *pgxpool.Pool, id int64) (outcome *string) {
	t.Helper()
	require.NoError(t, pool.QueryRow(context.Background(), `SELECT outcome FROM aslog.operation WHERE id = $1`, id).Scan(&outcome))
	return outcome
}

// What breaks: the shard of a group changes hands while its part is under way.
// What must hold: the former owner reports nothing more, the next goes on where
// the last report was, and other shards' parts are nobody else's business.
func TestAPartChangesHands(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	met(t, pool, map[string]int{"a": 1, "b": 1, "c": 2})
	_, err := pool.Exec(ctx, `INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, changed_at) VALUES ('unmet', 'p', 's', 1, now(), now())`)
	require.NoError(t, err)
	span := checkpoint.Span{From: at(0), To: at(1000)}
	id, err := store.AddOperation(ctx, checkpoint.CommandBackfill, span, []string{"a", "b", "c", "unmet"}, map[string]any{"all": true})
	require.NoError(t, err)

	parts, err := store.Work(ctx, 1, nil, 10)
	require.NoError(t, err)
	require.Len(t, parts, 2, "the shard's own groups that have been met")
	a := parts[0]
	require.Equal(t, checkpoint.Part{Operation: id, Command: "backfill", Group: "a", Span: span, Position: at(0)}, a)
	rest, err := store.Work(ctx, 1, []checkpoint.Part{a}, 10)
	require.NoError(t, err)
	require.Equal(t, parts[1:], rest, "what is under way is not given out again")

	lease := holdShard(t, pool, 1)
	require.NoError(t, store.Report(ctx, lease, a, checkpoint.PartReport{Position: at(400), Requests: 3, Rows: 250, New: 2}))
	next := holdShard(t, pool, 1)
	require.ErrorIs(t, store.Report(ctx, lease, a, checkpoint.PartReport{Position: at(900)}), checkpoint.ErrLost)
	parts, err = store.Work(ctx, 1, nil, 1)
	require.NoError(t, err)
	require.Equal(t, at(400), parts[0].Position)
	require.NoError(t, store.Report(ctx, next, a, checkpoint.PartReport{Position: at(300), Failure: "weather\x00"}))

	require.NoError(t, store.Report(ctx, next, a, checkpoint.PartReport{Position: at(1000), Requests: 2, Outcome: checkpoint.Done}))
	parts, err = store.Work(ctx, 1, nil, 10)
	require.NoError(t, err)
	require.Equal(t, "b", parts[0].Group)
	require.Nil(t, outcomeOf(t, pool, id), "others are under way")
	require.ErrorIs(t, store.Report(ctx, next, a, checkpoint.PartReport{Failure: "too late", Outcome: "too late"}), checkpoint.ErrEnded, "what has ended stays so")
	require.ErrorIs(t, store.Report(ctx, next, a, checkpoint.PartReport{Position: at(2000)}), checkpoint.ErrEnded)
	var requests int64
	var failure *string
	var position time.Time
	require.NoError(t, pool.QueryRow(ctx, `SELECT requests, failure, position FROM aslog.operation_part WHERE group_id = 'a'`).Scan(&requests, &failure, &position))
	require.EqualValues(t, 5, requests)
	require.Nil(t, failure)
	require.True(t, position.Equal(at(1000)))
}

// Two shards that end the last two parts at one moment: the operation ends.
func TestTheLastPartsEndAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	groups := map[string]int{}
	var ids []string
	leases := map[string]checkpoint.Lease{}
	for i := range shards {
		id := fmt.Sprint("g", i)
		groups[id], ids = i, append(ids, id)
		leases[id] = holdShard(t, pool, i)
	}
	met(t, pool, groups)
	for range 5 {
		id, err := store.AddOperation(ctx, checkpoint.CommandBackfill, checkpoint.Span{From: at(0), To: at(10)}, ids, nil)
		require.NoError(t, err)
		var all errgroup.Group
		for _, g := range ids {
			all.Go(func() error {
				return store.Report(ctx, leases[g], checkpoint.Part{Operation: id, Group: g}, checkpoint.PartReport{Outcome: checkpoint.Done})
			})
		}
		require.NoError(t, all.Wait())
		require.Equal(t, ptr("done"), outcomeOf(t, pool, id))
	}
}

// The operation's own row follows its parts, each counted once, and one that is
// cancelled ends at once: whoever is at a part of it learns so.
func TestAnOperationAddsItsPartsUpAndIsCancelled(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	met(t, pool, map[string]int{"a": 1, "b": 1, "c": 1})
	lease := holdShard(t, pool, 1)
	ask := func() int64 {
		t.Helper()
		id, err := store.AddOperation(ctx, checkpoint.CommandBackfill, checkpoint.Span{From: at(0), To: at(10)}, []string{"a", "b", "c"}, nil)
		require.NoError(t, err)
		return id
	}
	report := func(id int64, group string, r checkpoint.PartReport) error {
		return store.Report(ctx, lease, checkpoint.Part{Operation: id, Group: group}, r)
	}
	progress := func(id int64) (sums [5]int64) {
		t.Helper()
		require.NoError(t, pool.QueryRow(ctx, `SELECT p.* FROM aslog.operation, json_to_record(progress)
			AS p(groups bigint, groups_ended bigint, groups_failed bigint, requests bigint, unproved bigint) WHERE id = $1`, id).
			Scan(&sums[0], &sums[1], &sums[2], &sums[3], &sums[4]))
		return sums
	}
	id := ask()
	require.NoError(t, report(id, "a", checkpoint.PartReport{Requests: 2}))
	require.NoError(t, report(id, "a", checkpoint.PartReport{Requests: 3, Unproved: 1, Outcome: checkpoint.Done}))
	require.Equal(t, [5]int64{3, 1, 0, 5, 1}, progress(id))
	require.NoError(t, report(id, "b", checkpoint.PartReport{Requests: 1, Outcome: "denied"}))
	require.ErrorIs(t, report(id, "b", checkpoint.PartReport{Requests: 1, Outcome: "denied"}), checkpoint.ErrEnded)
	require.Equal(t, [5]int64{3, 2, 1, 6, 1}, progress(id))
	require.NoError(t, report(id, "c", checkpoint.PartReport{Outcome: checkpoint.Done}))
	require.Equal(t, ptr("failed for 1 of 3 groups"), outcomeOf(t, pool, id))

	older := ask()
	_, err := pool.Exec(ctx, `UPDATE aslog.operation SET progress = NULL WHERE id = $1`, older)
	require.NoError(t, err)
	require.NoError(t, report(older, "a", checkpoint.PartReport{Outcome: checkpoint.Done}))
	require.Equal(t, [5]int64{3, 1, 0, 0, 0}, progress(older))
	require.NoError(t, store.CancelOperation(ctx, older))
	require.Equal(t, ptr("cancelled for 2 of 3 groups"), outcomeOf(t, pool, older))
	require.ErrorIs(t, report(older, "b", checkpoint.PartReport{Position: at(5)}), checkpoint.ErrEnded)
	parts, err := store.Work(ctx, 1, nil, 10)
	require.NoError(t, err)
	require.Empty(t, parts)
	require.ErrorIs(t, store.CancelOperation(ctx, older), checkpoint.ErrEnded)
	require.ErrorIs(t, store.CancelOperation(ctx, 99), checkpoint.ErrEnded)

	// An older release kept no count of the groups that were given up.
	uncounted := ask()
	_, err = pool.Exec(ctx, `UPDATE aslog.operation SET progress = '{"groups": 3, "groups_ended": 1, "requests": 4}' WHERE id = $1`, uncounted)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `UPDATE aslog.operation_part SET ended_at = now(), outcome = 'done' WHERE operation_id = $1 AND group_id = 'a'`, uncounted)
	require.NoError(t, err)
	require.NoError(t, report(uncounted, "b", checkpoint.PartReport{Requests: 1, Outcome: checkpoint.Done}))
	require.Equal(t, [5]int64{3, 2, 0, 5, 0}, progress(uncounted))
	require.NoError(t, report(uncounted, "c", checkpoint.PartReport{Outcome: checkpoint.Done}))
	require.Equal(t, ptr("done"), outcomeOf(t, pool, uncounted))

	alone, err := store.AddOperation(ctx, "replay", checkpoint.Span{}, nil, map[string]any{"to_topic": "t"})
	require.NoError(t, err)
	require.ErrorIs(t, store.CancelOperation(ctx, alone), checkpoint.ErrEnded, "nobody could end it")
	require.NoError(t, store.CloseOperation(ctx, alone, "done"))
	require.Equal(t, ptr("done"), outcomeOf(t, pool, alone))
}

func stored(t *testing.T, pool *pgxpool.Pool, group, action, hash string, asked time.Time) {
	t.Helper()
	_, err := pool.Exec(context.Background(), `
		INSERT INTO aslog.scaling_action (group_id, action_id, project_id, revision, status, start_time, first_seen_at, changed_at,
		                                  shard, seq, content_hash, open, asked_epoch, asked_at)
		VALUES ($1, $2, 'p', 1, 'SUCCESS', $3, now(), now(), 1, 1, $4, false, 1, $5)
		ON CONFLICT (group_id, action_id) DO UPDATE SET content_hash = excluded.content_hash`, group, action, at(50), []byte(hash), asked)
	require.NoError(t, err)
}

// What differs is named once, and counts until the table is seen to hold it.
func TestDifferencesAndQuarantine(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	met(t, pool, map[string]int{"a": 1})
	lease := holdShard(t, pool, 1)
	stored(t, pool, "a", "old", "h1", at(100))
	id, err := store.AddOperation(ctx, checkpoint.CommandReconcile, checkpoint.Span{From: at(0), To: at(10)}, []string{"a"}, map[string]any{"repair": true})
	require.NoError(t, err)
	parts, err := store.Work(ctx, 1, nil, 1)
	require.NoError(t, err)
	require.True(t, parts[0].Repair)
	found := []checkpoint.Difference{
		{Kind: checkpoint.Missing, Action: "new", Hash: []byte("h"), Asked: at(200)},
		{Kind: checkpoint.Missing, Action: "refused\x00", Hash: []byte("h"), Asked: at(200)},
		{Kind: checkpoint.Differing, Action: "old", Start: ptr(at(50)), Hash: []byte("h2"), Asked: at(200)},
		{Kind: checkpoint.Extra, Action: "forgotten", Asked: at(200), Explained: true},
	}
	stored(t, pool, "a", "new", "h", at(200))
	for range 2 {
		require.NoError(t, store.Report(ctx, lease, parts[0], checkpoint.PartReport{Differences: found}))
	}
	stored(t, pool, "a", "old", "h2", at(200))
	require.NoError(t, store.Report(ctx, lease, parts[0], checkpoint.PartReport{Outcome: checkpoint.Done}))
	require.Equal(t, ptr("done: 4 differences, 1 not repaired"), outcomeOf(t, pool, id))

	list, err := store.Stored(ctx, "a", []string{"old", "none"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, []byte("h2"), list[0].Hash)
	list, err = store.StoredIn(ctx, "a", checkpoint.Span{From: at(50), To: at(51)}, 1, at(150))
	require.NoError(t, err)
	require.Len(t, list, 1, "what was asked for later is left out")
	for epoch, want := range map[int64]int{0: 0, 2: 2} {
		list, err = store.StoredIn(ctx, "a", checkpoint.Span{From: at(50), To: at(51)}, epoch, at(150))
		require.NoError(t, err)
		require.Len(t, list, want, "clocks of two owners are not compared")
	}

	_, err = pool.Exec(ctx, `INSERT INTO aslog.quarantine (seen_at, source, group_id, action_id, reason, raw, raw_hash) VALUES
		(now(), 's', 'a', 'old', 'field:x', '', '1'), (now(), 's', 'a', 'old', 'field:y', '', '1'), (now(), 's', 'a', 'absent', 'refused', '', '1'),
		(now(), 's', 'a', NULL, 'not_json', '', '1')`)
	require.NoError(t, err)
	ids, err := store.Quarantined(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, []string{"absent", "old"}, ids)
	require.NoError(t, store.Resolve(ctx, lease, "a", "absent", nil))
	require.NoError(t, store.Resolve(ctx, lease, "a", "old", []string{"field:y"}))
	ids, err = store.Quarantined(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, []string{"absent", "old"}, ids, "not stored, or still with a field that cannot be read")
	require.NoError(t, store.Resolve(ctx, lease, "a", "old", nil))
	ids, err = store.Quarantined(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, []string{"absent"}, ids)
	holdShard(t, pool, 1)
	require.ErrorIs(t, store.Resolve(ctx, lease, "a", "absent", nil), checkpoint.ErrLost)
}

// An answer that another owner asked for is not called a later one by its clock.
func TestAnotherOwnersClockRepairsNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	met(t, pool, map[string]int{"a": 1})
	lease := holdShard(t, pool, 1)
	for own, outcome := range map[bool]string{true: "done", false: "done: 1 differences, 1 not repaired"} {
		stored(t, pool, "a", "old", "h1", at(300))
		epoch := lease.Epoch
		if !own {
			epoch--
		}
		_, err := pool.Exec(ctx, "UPDATE aslog.scaling_action SET asked_epoch = $1", epoch)
		require.NoError(t, err)
		id, err := store.AddOperation(ctx, checkpoint.CommandReconcile, checkpoint.Span{From: at(0), To: at(10)}, []string{"a"}, nil)
		require.NoError(t, err)
		parts, err := store.Work(ctx, 1, nil, 1)
		require.NoError(t, err)
		found := []checkpoint.Difference{{Kind: checkpoint.Differing, Action: "old", Start: ptr(at(50)), Hash: []byte("h2"), Asked: at(200)}}
		require.NoError(t, store.Report(ctx, lease, parts[0], checkpoint.PartReport{Differences: found, Outcome: checkpoint.Done}))
		got := outcomeOf(t, pool, id)
		require.NotNil(t, got)
		require.Equal(t, outcome, *got)
	}
}
