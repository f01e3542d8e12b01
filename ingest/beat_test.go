package ingest

import (
	"fmt"
	"testing"
	"time"

	"aslogd/checkpoint"
)

// Groups of one shard are polled at one instant of a second, those of other shards
// at others, and all of them spread over the interval's seconds.
func TestPollsStandOnTheirShardsBeat(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 123456789, time.UTC)
	instants, seconds := map[int]time.Duration{}, map[int64]int{}
	for i := range 6000 {
		shard := i % 8
		w := &worker{poll: time.Minute, group: checkpoint.Group{ID: fmt.Sprint("g-", i), Shard: shard}}
		wait := w.untilPoll(now)
		if wait <= 0 || wait > w.poll {
			t.Fatalf("group %d waits for %v", i, wait)
		}
		next := now.Add(wait)
		if again := w.untilPoll(next); again != w.poll {
			t.Fatalf("group %d is polled again after %v", i, again)
		}
		instant := time.Duration(next.Nanosecond())
		if was, known := instants[shard]; known && was != instant {
			t.Fatalf("groups of shard %d are polled at %v and at %v of a second", shard, was, instant)
		}
		instants[shard] = instant
		seconds[next.Unix()%60]++
		if d := w.onBeat(now, 5*time.Second); time.Duration(now.Add(d).Nanosecond()) != instant || d < 4500*time.Millisecond || d > 5500*time.Millisecond {
			t.Fatalf("a wait of 5s becomes %v", d)
		}
	}
	for a, at := range instants {
		for b, other := range instants {
			if apart := (at - other).Abs(); a != b && min(apart, beat-apart) < beat/16 {
				t.Errorf("shards %d and %d are polled at %v and %v of a second", a, b, at, other)
			}
		}
	}
	for second, n := range seconds {
		if n < 60 || n > 140 {
			t.Errorf("%d of 6000 groups are polled in second %d", n, second)
		}
	}
	odd := &worker{poll: 1500 * time.Millisecond, group: checkpoint.Group{ID: "g", Shard: 1}}
	if d := odd.onBeat(now, 5*time.Second); d != 5*time.Second {
		t.Errorf("an odd interval's wait of 5s becomes %v", d)
	}
}
