package checkpoint_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

func TestBudgetGrantsWhatIsDue(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	budget := &checkpoint.Budget{Pool: pool}
	take := func(want, perMinute int) (int, time.Duration) {
		t.Helper()
		got, wait, err := budget.Take(ctx, "s", want, perMinute)
		require.NoError(t, err)
		return got, wait
	}
	// Moves the clock of the bucket, as if so long had passed.
	pass := func(d time.Duration) {
		t.Helper()
		_, err := pool.Exec(ctx, `UPDATE aslog.budget SET refilled_at = refilled_at - $1::interval, paused_until = paused_until - $1::interval`, d)
		require.NoError(t, err)
	}

	got, wait := take(100, 12)
	require.Equal(t, 2, got, "ten seconds' worth at the most")
	require.Zero(t, wait)
	got, wait = take(1, 12)
	require.Zero(t, got)
	require.InDelta(t, 5, wait.Seconds(), 1, "the next one is due in five seconds")
	pass(wait)
	got, _ = take(1, 12)
	require.Equal(t, 1, got)
	pass(time.Hour)
	got, _ = take(100, 12)
	require.Equal(t, 2, got, "an hour of rest saves up no more")

	got, wait = take(100, 0)
	require.Zero(t, got, "0 a minute pauses the source")
	require.Positive(t, wait)

	pass(time.Hour)
	require.NoError(t, budget.Pause(ctx, "s", time.Now().Add(time.Minute)))
	require.NoError(t, budget.Pause(ctx, "s", time.Now().Add(time.Second)))
	got, wait = take(1, 12)
	require.Zero(t, got, "a pause holds for all, and no later word shortens it")
	require.InDelta(t, 60, wait.Seconds(), 2)
	pass(wait)
	got, _ = take(1, 12)
	require.Equal(t, 1, got)

	require.NoError(t, budget.Pause(ctx, "new", time.Now().Add(time.Minute)))
	got, _, err := budget.Take(ctx, "new", 1, 12)
	require.NoError(t, err)
	require.Zero(t, got, "a pause before the first request holds too")
	got, _ = take(1, 12)
	require.Equal(t, 1, got, "and is one source's alone")
}

// What breaks: the clock of Postgres was ten minutes ahead, and is put right.
// What must hold: the bucket fills from there, and a pause that was begun before
// is no longer than was meant, give or take what was left of the one before.
func TestBudgetGoesOnWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := testenv.Postgres(t)
	budget := &checkpoint.Budget{Pool: pool}
	ahead := func() {
		t.Helper()
		_, err := pool.Exec(ctx, `UPDATE aslog.budget SET refilled_at = refilled_at + interval '10 minutes', paused_until = paused_until + interval '10 minutes'`)
		require.NoError(t, err)
	}
	got, _, err := budget.Take(ctx, "s", 2, 12)
	require.NoError(t, err)
	require.Equal(t, 2, got)
	ahead()
	_, wait, err := budget.Take(ctx, "s", 1, 12)
	require.NoError(t, err)
	require.LessOrEqual(t, wait, 5*time.Second)
	_, err = pool.Exec(ctx, `UPDATE aslog.budget SET refilled_at = refilled_at - interval '5 seconds'`)
	require.NoError(t, err)
	got, _, err = budget.Take(ctx, "s", 1, 12)
	require.NoError(t, err)
	require.Equal(t, 1, got, "five seconds on, the next one is due")

	require.NoError(t, budget.Pause(ctx, "s", time.Now().Add(20*time.Second)))
	ahead()
	got, wait, err = budget.Take(ctx, "s", 1, 12)
	require.NoError(t, err)
	require.Zero(t, got, "a pause still holds")
	require.InDelta(t, 20, wait.Seconds(), 2)
	_, wait, err = budget.Take(ctx, "s", 1, 12)
	require.NoError(t, err)
	require.InDelta(t, 20, wait.Seconds(), 2, "and is moved once")
}

// Many replicas ask as fast as they can. Must hold: together they get the burst
// and what came due since, never more.
func TestLaw10ReplicasShareOneBudget(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	const perMinute = 1200 // 20 a second, a burst of 200
	var granted atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			budget := &checkpoint.Budget{Pool: pool}
			for time.Since(began) < 2*time.Second {
				got, _, err := budget.Take(context.Background(), "s", 7, perMinute)
				if err != nil {
					t.Error(err)
					return
				}
				granted.Add(int64(got))
			}
		})
	}
	all.Wait()
	due := 200 + 20*time.Since(began).Seconds()
	require.LessOrEqual(t, float64(granted.Load()), due)
	require.GreaterOrEqual(t, float64(granted.Load()), due-20, "nothing is lost either")
}
