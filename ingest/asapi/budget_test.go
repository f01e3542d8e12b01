package asapi

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
)

// running starts a budget over a purse; the returned function ends it.
func running(t *testing.T, perMinute int, p *purse, warn func(error)) (*Budget, func()) {
	t.Helper()
	b := NewBudget("s", perMinute, p, warn)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	return b, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	}
}

// crowd keeps n callers of a class asking until the bubble's time is up, and
// counts what they got.
func crowd(ctx context.Context, wg *sync.WaitGroup, b *Budget, class ingest.Class, n int) *atomic.Int64 {
	got := &atomic.Int64{}
	for range n {
		wg.Go(func() {
			for b.Wait(ctx, class, time.Time{}) == nil {
				got.Add(1)
			}
		})
	}
	return got
}

// Under a short budget each class gets its due: the watch at most a quarter,
// the lowest a fifth of the rest, the first what remains.
func TestLaw10ClassesShareAShortBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &purse{}
		b, stop := running(t, 40, p, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var wg sync.WaitGroup
		tail := crowd(ctx, &wg, b, ingest.Tail, 10)
		synctest.Wait() // settle has the first turn where it comes first
		settle := crowd(ctx, &wg, b, ingest.Settle, 10)
		backfill := crowd(ctx, &wg, b, ingest.Backfill, 10)
		watch := crowd(ctx, &wg, b, ingest.Watch, 3)
		wg.Wait()
		stop()
		all := tail.Load() + settle.Load() + backfill.Load() + watch.Load()
		if all < 2390 || all > 2402 {
			t.Errorf("%d requests in an hour of 40 a minute", all)
		}
		if n := watch.Load(); n < 560 || n > 601 {
			t.Errorf("the watch had %d of %d", n, all)
		}
		if n, rest := backfill.Load(), all-watch.Load(); n < rest/6 || n > rest/4 {
			t.Errorf("backfill had %d of %d", n, rest)
		}
		if n := settle.Load(); n != 0 {
			t.Errorf("settle had %d while tail was waiting", n)
		}
	})
}

// Groups that are followed ask as often as they are let; those at rest are polled
// all the same, and the past is read.
func TestLaw10WhatIsFollowedLeavesTheTailItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, stop := running(t, 40, &purse{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var wg sync.WaitGroup
		follow, tail := crowd(ctx, &wg, b, ingest.Follow, 10), crowd(ctx, &wg, b, ingest.Tail, 10)
		backfill := crowd(ctx, &wg, b, ingest.Backfill, 10)
		wg.Wait()
		stop()
		for class, got := range map[ingest.Class][2]int64{ingest.Follow: {follow.Load(), 1440}, ingest.Tail: {tail.Load(), 480}, ingest.Backfill: {backfill.Load(), 480}} {
			if n, due := got[0], got[1]; n < due-20 || n > due+20 {
				t.Errorf("%s had %d in an hour of 40 a minute, not about %d", class, n, due)
			}
		}
	})
}

func TestLaw10WatchAloneHasAQuarter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &purse{}
		b, stop := running(t, 40, p, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var wg sync.WaitGroup
		watch := crowd(ctx, &wg, b, ingest.Watch, 2)
		wg.Wait()
		stop()
		if n := watch.Load(); n < 590 || n > 601 {
			t.Errorf("the watch had %d in an hour of 40 a minute", n)
		}
		if p.taken > 610 {
			t.Errorf("%d taken for %d", p.taken, watch.Load())
		}
	})
}

// A replica with nothing to do takes nothing from the others.
func TestLaw10NobodyWaitsNothingTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &purse{}
		b, stop := running(t, 60000, p, nil)
		time.Sleep(time.Hour)
		if p.asked != 0 {
			t.Errorf("asked %d times", p.asked)
		}
		if err := b.Wait(t.Context(), ingest.Tail, time.Time{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if p.asked > 2 {
			t.Errorf("asked %d times", p.asked)
		}
		before := p.taken
		if err := b.Wait(t.Context(), ingest.Tail, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if p.taken == before {
			t.Error("what was granted an hour ago was used")
		}
		stop()
	})
}

// A budget of 0 pauses the source; who waits leaves with its context.
func TestPausedSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, stop := running(t, 0, &purse{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := b.Wait(ctx, ingest.Follow, time.Time{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if len(b.waiting[ingest.Follow]) != 0 {
			t.Error("who left is still in the queue")
		}
		stop()
	})
}

// Breaks: Postgres is away for an hour. Mends: it is back. Holds: said once,
// and who waited goes on.
func TestGrantsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &purse{fail: errors.New("connection refused")}
		var warned atomic.Int32
		b, stop := running(t, 40, p, func(error) { warned.Add(1) })
		done := make(chan error)
		go func() { done <- b.Wait(t.Context(), ingest.Tail, time.Time{}) }()
		time.Sleep(time.Hour)
		if n := warned.Load(); n != 1 {
			t.Errorf("warned %d times", n)
		}
		p.mu.Lock()
		p.fail = nil
		p.mu.Unlock()
		if err := <-done; err != nil {
			t.Error(err)
		}
		stop()
	})
}

// Who leaves takes nothing along: neither a place in the queue, nor a request
// that came at the very moment of leaving.
func TestLeavingGivesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget("s", 60, &purse{}, nil)
		left := 0
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- b.Wait(ctx, ingest.Tail, time.Time{}) }()
			synctest.Wait()
			b.mu.Lock()
			cancel()
			b.tokens, b.granted = 1, time.Now()
			b.serve(time.Now())
			b.mu.Unlock()
			want := 0
			if <-done != nil {
				left++
				want = 1
			}
			if b.tokens != want || len(b.waiting[ingest.Tail]) != 0 {
				t.Fatalf("%d requests left, want %d; %d waiting", b.tokens, want, len(b.waiting[ingest.Tail]))
			}
			b.tokens = 0
		}
		if left == 0 {
			t.Error("nobody left")
		}
	})
}

// The budget must not be what limits a source of a million requests a minute.
func BenchmarkBudget(b *testing.B) {
	budget := NewBudget("s", 1_000_000, generous{}, nil)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() { _ = budget.Run(ctx) }()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := budget.Wait(ctx, ingest.Tail, time.Time{}); err != nil {
				b.Error(err)
			}
		}
	})
}

type generous struct{}

func (generous) Take(_ context.Context, _ string, want, _ int) (int, time.Duration, error) {
	return want, 0, nil
}
func (generous) Pause(context.Context, string, time.Time) error { return nil }
