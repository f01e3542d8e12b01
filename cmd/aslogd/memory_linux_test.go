package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

// Two hundred groups that all begin at once, with a past of twenty-four thousand
// actions: the daemon reads and publishes it all within MEMORY_LIMIT.
func TestLaw09ALongHistoryOfManyGroupsFitsTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 256 << 20 // the default
	w := newWorld(t, simulator.Config{
		Seed: 9, Groups: 200, ActionsPerGroup: 120, Days: 30,
	}, fmt.Sprintf("ASLOGD_MEMORY_LIMIT=%d", limit), "ASLOGD_POLL_INTERVAL=30s")
	truth := int64(0)
	for _, g := range w.cloud.Truth().Groups {
		truth += int64(len(g.Actions))
	}
	daemon := w.spawn(t, build(t))
	until(t, 4*time.Minute, "all of it is stored and published", func() bool {
		return w.number(t, "SELECT least((SELECT count(*) FROM aslog.scaling_action), (SELECT sum(published_seq)::bigint FROM aslog.shard))") >= truth
	})
	peak := peakMemory(t, daemon.cmd.Process.Pid)
	if peak > limit {
		t.Errorf("the daemon took %d MiB at its peak, of %d", peak>>20, limit>>20)
	}
	t.Logf("%d actions, %d MiB at the peak", truth, peak>>20)
}

// peakMemory is the most that a process ever had in memory, in bytes.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
