package checkpoint_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

// own makes the source's shard ours, without a keeper.
func own(t *testing.T, pool *pgxpool.Pool, source string) checkpoint.Lease {
	t.Helper()
	l := checkpoint.Lease{Shard: checkpoint.SourceShard(source, shards), Owner: "me"}
	err := pool.QueryRow(context.Background(),
		`UPDATE aslog.shard_head SET owner = $1, epoch = epoch + 1 WHERE shard = $2 RETURNING epoch`, l.Owner, l.Shard).Scan(&l.Epoch)
	require.NoError(t, err)
	return l
}

func ptr[T any](v T) *T { return &v }

func listed(id string, number int64, scaling bool) checkpoint.ListedGroup {
	return checkpoint.ListedGroup{
		ID: id, Name: ptr("name of " + id), Current: ptr(number), Desire: ptr(number), IsScaling: ptr(scaling),
		Created: ptr(epoch), Raw: fmt.Appendf(nil, `{"scaling_group_id":%q, "n":%d}`, id, number),
	}
}

// list is a complete one of source s, asked for now.
func list(groups ...checkpoint.ListedGroup) checkpoint.List {
	return checkpoint.List{Source: "s", Project: "p", Groups: groups, Complete: true, Asked: time.Now()}
}

func TestListsMakeNews(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	lease := own(t, pool, "s")
	save := func(complete bool, groups ...checkpoint.ListedGroup) checkpoint.SaveResult {
		t.Helper()
		r, err := store.SaveList(ctx, lease, checkpoint.List{Source: "s", Project: "p", Groups: groups, Complete: complete, Asked: time.Now()}, shards)
		require.NoError(t, err)
		return r
	}
	since := map[int]time.Time{}
	news := func() (ids []string) {
		t.Helper()
		for shard := range shards {
			changed, now, err := store.News(ctx, shard, since[shard])
			require.NoError(t, err)
			since[shard] = now
			for _, g := range changed {
				require.Equal(t, shard, g.Shard)
				require.Equal(t, checkpoint.ShardOf(g.ID, shards), g.Shard)
				ids = append(ids, g.ID)
			}
		}
		return ids
	}
	type result = checkpoint.SaveResult

	require.Equal(t, result{New: 2}, save(true, listed("a", 1, false), listed("b", 1, false)))
	require.ElementsMatch(t, []string{"a", "b"}, news())
	require.Equal(t, result{}, save(true, listed("a", 1, false), listed("b", 1, false)))
	require.Empty(t, news(), "the same list again is no news")
	require.Equal(t, result{Hinted: 1}, save(true, listed("a", 2, false), listed("b", 1, false)))
	require.Equal(t, []string{"a"}, news(), "a number changed")
	require.Equal(t, result{Hinted: 1}, save(true, listed("a", 2, false), listed("b", 1, true)))
	require.Equal(t, []string{"b"}, news(), "it began to scale")
	require.Equal(t, result{}, save(true, listed("a", 2, false), listed("b", 1, true)))
	require.Empty(t, news(), "that it still scales is no news")
	require.Equal(t, result{Hinted: 1}, save(true, listed("a", 2, false), listed("b", 1, false)))
	require.Equal(t, []string{"b"}, news(), "it rests")

	require.Equal(t, result{}, save(false, listed("a", 2, false)))
	require.Equal(t, result{}, save(true, listed("a", 2, false)))
	require.Equal(t, result{}, save(false, listed("a", 2, false)), "an incomplete list misses nothing")
	require.Equal(t, result{Gone: 1}, save(true, listed("a", 2, false)), "twice missing from complete ones: gone")
	require.Equal(t, []string{"b"}, news())
	require.Equal(t, result{}, save(true, listed("a", 2, false)))
	require.Equal(t, result{Back: 1}, save(true, listed("a", 2, false), listed("b", 1, false)))
	require.Equal(t, []string{"b"}, news())
	require.Equal(t, result{}, save(true, listed("a", 2, false)))
	require.Equal(t, result{}, save(true, listed("a", 2, false), listed("b", 1, false)))
	require.Equal(t, result{}, save(true, listed("a", 2, false)), "missing now and then is not twice running")

	require.NoError(t, store.NameGroups(ctx, lease, "s", "p", []string{"a", "c"}, shards))
	require.ElementsMatch(t, []string{"b", "c"}, news(), "c is named, b no longer")

	stale := lease
	own(t, pool, "s")
	_, err := store.SaveList(ctx, stale, list(listed("z", 1, false)), shards)
	require.ErrorIs(t, err, checkpoint.ErrLost)
	require.ErrorIs(t, store.NameGroups(ctx, stale, "s", "p", []string{"z"}, shards), checkpoint.ErrLost)
	require.Empty(t, news())
}

// A list's transaction may become visible after a later look at the news.
func TestNewsMissNothingThatWasSlow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	shard := checkpoint.ShardOf("slow", shards)
	_, since, err := store.News(ctx, shard, time.Time{})
	require.NoError(t, err)

	tx, err := pool.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, `INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, changed_at)
		SELECT 'slow', 'p', 's', $1, t, t FROM clock_timestamp() AS t`, shard)
	require.NoError(t, err)
	changed, since, err := store.News(ctx, shard, since)
	require.NoError(t, err)
	require.Empty(t, changed)
	require.NoError(t, tx.Commit(ctx))

	changed, since, err = store.News(ctx, shard, since)
	require.NoError(t, err)
	require.Len(t, changed, 1)
	changed, _, err = store.News(ctx, shard, since)
	require.NoError(t, err)
	require.Empty(t, changed, "and once is enough")
}

// One group with text that Postgres cannot hold must not cost the list.
func TestOddGroupsDoNotSpoilTheList(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	odd := listed("odd", 1, false)
	odd.Name, odd.Status, odd.Raw = ptr("a\x00b"), ptr("\xff"), []byte(`{"half`)
	escaped := listed("escaped", 1, false)
	escaped.Raw = []byte(`{"a":"\u0000 [[ \" {{"}`)
	result, err := store.SaveList(context.Background(), own(t, pool, "s"), list(
		odd, escaped, listed("", 1, false), listed("nul\x00", 1, false), listed("twice", 1, false), listed("twice", 2, false),
	), shards)
	require.NoError(t, err)
	require.Equal(t, checkpoint.SaveResult{New: 3}, result)
	var name, raw string
	var number int64
	require.NoError(t, pool.QueryRow(context.Background(), `
		SELECT (SELECT name FROM aslog.scaling_group WHERE group_id = 'odd' AND raw IS NULL),
		       (SELECT raw::text FROM aslog.scaling_group WHERE group_id = 'escaped'),
		       (SELECT current_instance_number FROM aslog.scaling_group WHERE group_id = 'twice')`).Scan(&name, &raw, &number))
	require.Equal(t, "a\uFFFDb", name)
	require.Equal(t, string(escaped.Raw), raw)
	require.EqualValues(t, 2, number)
}

func TestGroupsComeWithTheirCheckpoints(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	_, err := store.SaveList(ctx, own(t, pool, "s"), list(listed("known", 1, true), listed("new", 1, false)), 1)
	require.NoError(t, err)
	covered := cover(100, 200, 300, 400)
	_, err = pool.Exec(ctx, `
		INSERT INTO aslog.checkpoint (group_id, project_id, source, shard, backfill_from, tail_from, watermark, covered,
		                              lost_retention, lost_gone, oldest_shown, lateness, updated_at)
		VALUES ('known', 'p', 's', 0, $1, $2, $1, $3, $4, $5, $1, '90 seconds', now() - interval '14 days 1 minute')`,
		at(0), at(300), covered.Multirange(), cover(0, 100).Multirange(), cover(400, 500).Multirange())
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `
		INSERT INTO aslog.scaling_action (group_id, action_id, project_id, revision, start_time, first_seen_at, changed_at,
		                                  shard, seq, content_hash, open, asked_epoch, asked_at)
		SELECT 'known', id, 'p', 1, now() - age, now(), now(), 0, 1, '', open, 1, now()
		FROM (VALUES ('late', interval '1 minute', true), ('early', '1 hour', true), ('given up', '8 days', true),
		             ('ended', '1 hour', false), ('ahead', '-1 hour', false), ('no start', NULL, true)) AS a(id, age, open)`)
	require.NoError(t, err)

	groups, err := store.Groups(ctx, 0)
	require.NoError(t, err)
	require.Len(t, groups, 2)
	known, fresh := groups[0], groups[1]
	require.True(t, known.Known)
	require.True(t, known.Scaling)
	require.Equal(t, covered.String(), known.Covered.String())
	require.Equal(t, cover(0, 100, 400, 500).String(), known.Lost.String())
	require.True(t, known.From.Equal(at(0)) && known.TailFrom.Equal(at(300)) && known.Oldest.Equal(at(0)))
	require.Equal(t, 90*time.Second, known.Lateness)
	require.WithinDuration(t, time.Now().Add(-14*24*time.Hour), known.LateAt, 10*time.Minute)
	var open []string
	for _, o := range known.Open {
		open = append(open, o.ID)
	}
	require.Equal(t, []string{"early", "late", "no start"}, open)
	require.Nil(t, known.Open[2].Start)
	require.WithinDuration(t, time.Now().Add(-time.Minute), known.Newest, 30*time.Second)
	require.False(t, fresh.Known)
	require.Equal(t, "new", fresh.ID)
	require.NotNil(t, fresh.HintedAt)
	require.Empty(t, fresh.Open)
	require.Zero(t, fresh.Newest)

	changed, _, err := store.News(ctx, 0, time.Time{})
	require.NoError(t, err)
	require.Equal(t, groups, changed, "news and groups tell the same")
}

func TestTenThousandGroupsAreQuick(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	lease := own(t, pool, "s")
	groups := make([]checkpoint.ListedGroup, 10_000)
	for i := range groups {
		groups[i] = listed(fmt.Sprintf("group-%05d", i), 1, false)
	}
	timed := func(what string, do func() error) time.Duration {
		began := time.Now()
		require.NoError(t, do(), what)
		t.Logf("%s: %v", what, time.Since(began).Round(time.Millisecond))
		return time.Since(began)
	}
	save := func() error { _, err := store.SaveList(ctx, lease, list(groups...), 1); return err }
	first, again := timed("first list", save), timed("the same list", save)
	_, err := pool.Exec(ctx, `INSERT INTO aslog.checkpoint (group_id, project_id, source, shard, backfill_from, tail_from, watermark, covered, updated_at)
		SELECT group_id, 'p', 's', 0, $1, $1, $1, $2, now() FROM aslog.scaling_group`, at(0), cover(0, 10, 20, 30, 40, 50).Multirange())
	require.NoError(t, err)
	took := timed("all groups of one shard", func() error {
		all, err := store.Groups(ctx, 0)
		require.Len(t, all, 10_000)
		return err
	})
	// All far below by themselves, but the machine may be busy. A join that is
	// not hashed takes longer than this on any.
	require.Less(t, max(first, again, took), 5*time.Second)
}

// A list of thousands is saved piece by piece: what is new, gone, or told twice
// counts over all of it.
func TestALongListIsSavedAsOne(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	lease := own(t, pool, "s")
	var groups []checkpoint.ListedGroup
	for i := range 2500 {
		groups = append(groups, listed(fmt.Sprintf("g%04d", i), 1, false))
	}
	moved := append(slices.Clone(groups), listed("g0000", 7, false)) // it was on the first page, and is on the last
	result, err := store.SaveList(ctx, lease, list(moved...), shards)
	require.NoError(t, err)
	require.Equal(t, checkpoint.SaveResult{New: 2500}, result)
	var number int64
	require.NoError(t, pool.QueryRow(ctx, `SELECT current_instance_number FROM aslog.scaling_group WHERE group_id = 'g0000'`).Scan(&number))
	require.EqualValues(t, 7, number)
	for gone := range 2 {
		whole := list(moved[3:]...)
		whole.Told = 1000 * gone // they are there all the same
		result, err = store.SaveList(ctx, lease, whole, shards)
		require.NoError(t, err)
		require.Equal(t, checkpoint.SaveResult{Gone: 2 * gone}, result, "g0001 and g0002, at the second list that lacks them")
	}
}
