package checkpoint_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

// What breaks: the configuration names fewer groups, and later all again.
// What must hold: a group that is not named is told to its reader, is never
// found to be gone however many lists lack it, and is told again once it is
// named; what it answers then proves nothing until a list has it.
func TestGroupsThatAreNoLongerNamed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	lease := own(t, pool, "s")
	name := func(ids ...string) {
		t.Helper()
		require.NoError(t, store.NameGroups(ctx, lease, "s", "p", ids, 1))
	}
	save := func(l checkpoint.List) checkpoint.SaveResult {
		t.Helper()
		r, err := store.SaveList(ctx, lease, l, 1)
		require.NoError(t, err)
		return r
	}
	since := time.Time{}
	news := func() map[string]bool {
		t.Helper()
		changed, now, err := store.News(ctx, 0, since)
		require.NoError(t, err)
		since = now
		unnamed := map[string]bool{}
		for _, g := range changed {
			require.Nil(t, g.GoneAt)
			unnamed[g.ID] = g.Unnamed
		}
		return unnamed
	}
	missing := func(id string) (from *time.Time) {
		t.Helper()
		require.NoError(t, pool.QueryRow(ctx, `SELECT missing_from FROM aslog.scaling_group WHERE group_id = $1`, id).Scan(&from))
		return from
	}

	name()
	save(list(listed("a", 1, false), listed("b", 1, false)))
	require.Equal(t, map[string]bool{"a": false, "b": false}, news())
	name("a", "c")
	require.Equal(t, map[string]bool{"b": true, "c": false}, news())
	require.Equal(t, time.Unix(0, 0).UTC(), missing("c").UTC(), "no list ever had it")
	name("a", "c")
	require.Empty(t, news(), "once is enough")
	for range 3 {
		require.Zero(t, save(list(listed("a", 1, false), listed("c", 1, false))).Gone)
	}
	require.Nil(t, missing("c"))
	require.NotContains(t, news(), "b")
	name("a", "b", "c")
	require.Equal(t, map[string]bool{"b": false}, news())
	require.NotNil(t, missing("b"), "a list has yet to show it")
	first := list(listed("a", 1, false), listed("b", 1, false), listed("c", 1, false))
	save(first)
	require.Nil(t, missing("b"))

	save(list(listed("a", 1, false), listed("b", 1, false)))
	require.WithinDuration(t, first.Asked, *missing("c"), time.Millisecond, "the last list that had it")
	require.Equal(t, checkpoint.SaveResult{Gone: 1}, save(list(listed("a", 1, false), listed("b", 1, false))))
	require.WithinDuration(t, first.Asked, *missing("c"), time.Millisecond)
	name("a")
	require.Equal(t, checkpoint.SaveResult{}, save(list(listed("a", 1, false))))
	name()
	since = time.Now().Add(time.Hour)
	require.NotContains(t, news(), "a")
	groups, err := store.Groups(ctx, 0)
	require.NoError(t, err)
	for _, g := range groups {
		require.False(t, g.Unnamed, "without names all are to be read")
	}
}

// A group that is named again has a worker anew, which has to know what is open
// in it; one that has a worker is told without, for the worker knows it best.
func TestNewsTellWhatIsOpenToWhoCannotKnow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	store := &checkpoint.Store{Pool: pool}
	lease := own(t, pool, "s")
	_, err := store.SaveList(ctx, lease, list(listed("a", 1, false)), 1)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `
		INSERT INTO aslog.scaling_action (group_id, action_id, project_id, revision, start_time, first_seen_at, changed_at,
		                                  shard, seq, content_hash, open, asked_epoch, asked_at)
		VALUES ('a', 'hangs', 'p', 1, now(), now(), now(), 0, 1, '', true, 1, now())`)
	require.NoError(t, err)
	groups, err := store.Groups(ctx, 0)
	require.NoError(t, err)
	require.Len(t, groups[0].Open, 1)

	_, since, err := store.News(ctx, 0, time.Now().Add(time.Hour))
	require.NoError(t, err)
	open := func() int {
		t.Helper()
		changed, now, err := store.News(ctx, 0, since)
		require.NoError(t, err)
		require.Len(t, changed, 1)
		since = now
		return len(changed[0].Open)
	}
	_, err = store.SaveList(ctx, lease, list(listed("a", 2, false)), 1)
	require.NoError(t, err)
	require.Zero(t, open(), "it has a worker")
	require.NoError(t, store.NameGroups(ctx, lease, "s", "p", []string{"b"}, 1))
	changed, since2, err := store.News(ctx, 0, since)
	require.NoError(t, err)
	require.Len(t, changed, 2)
	since = since2
	require.NoError(t, store.NameGroups(ctx, lease, "s", "p", []string{"a", "b"}, 1))
	require.Equal(t, 1, open(), "its worker has left")
}

// What breaks: a source is named otherwise in the configuration, so that its
// groups have no reader until a list finds them under the new name. What must
// hold: the groups are news then, though nothing else changed in them, and what is
// open comes with them, for nobody knows it yet.
func TestGroupsOfASourceThatIsNamedOtherwise(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	lease := own(t, pool, "s")
	former := &checkpoint.Store{Pool: pool}
	_, err := former.SaveList(ctx, lease, list(listed("a", 1, false)), 1)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `
		INSERT INTO aslog.scaling_action (group_id, action_id, project_id, revision, start_time, first_seen_at, changed_at,
		                                  shard, seq, content_hash, open, asked_epoch, asked_at)
		VALUES ('a', 'hangs', 'p', 1, now(), now(), now(), 0, 1, '', true, 1, now())`)
	require.NoError(t, err)

	store := &checkpoint.Store{Pool: pool}
	_, since, err := store.News(ctx, 0, time.Now().Add(time.Hour))
	require.NoError(t, err)
	groups, err := store.Groups(ctx, 0)
	require.NoError(t, err)
	require.Equal(t, "s", groups[0].Source)
	renamed := list(listed("a", 1, false))
	renamed.Source = "other"
	_, err = store.SaveList(ctx, lease, renamed, 1)
	require.NoError(t, err)
	changed, since, err := store.News(ctx, 0, since)
	require.NoError(t, err)
	require.Len(t, changed, 1)
	require.Equal(t, "other", changed[0].Source)
	require.Len(t, changed[0].Open, 1)

	_, err = store.SaveList(ctx, lease, renamed, 1)
	require.NoError(t, err)
	changed, _, err = store.News(ctx, 0, since)
	require.NoError(t, err)
	require.Empty(t, changed, "once is enough")
}
