package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"aslogd/internal/simulator"
	"aslogd/internal/verdict"
)

// What breaks: the daemon is killed ten times, without warning, while a backlog
// is read, live actions come and end, and API and connections misbehave.
// What mends: the next process, started at once.
// What must hold: rows and topic equal what a perfect reader would hold; each
// revision is in the journal once and in the topic once, in order.
func TestLaw08KilledTenTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{
		Seed: 7, Groups: 12, ActionsPerGroup: 1500, Days: 30, LiveRate: 4, Lasting: 4 * time.Second,
		Faults: simulator.Faults{
			Late: 0.2, LateBy: 5 * time.Second, Misspell: 0.3, ShuffleTies: true, Drift: 40,
			Throttle: 0.02, RetryAfter: "seconds", ServerError: 0.02, Garbage: 0.01, Drop: 0.02,
		},
	}, "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=1500")
	binary := build(t)
	dice := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		before := w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard_head")
		daemon := w.spawn(t, binary)
		until(t, time.Minute, "the daemon goes on where the last one stopped", func() bool {
			return w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard_head") > before
		})
		// Anywhere: in a commit, between commit and publication, in a transaction.
		sleep(t.Context(), time.Duration(dice.IntN(700))*time.Millisecond)
		daemon.kill(t)
	}
	w.spawn(t, binary)
	w.clock.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var v *verdict.Verdict
	until(t, 2*time.Minute, "the daemon catches up", func() bool {
		// Drift goes on with each later page that is read, though time stands
		// still, so the truth is asked for anew.
		var err error
		if v, err = verdict.Of(ctx, w.cloud.Truth(), w.pool, []string{w.kafka}, w.prefix); err != nil {
			t.Fatal(err)
		}
		return v.Missing == 0 && v.Wrong == 0
	})
	if !v.Good() || v.Rows != v.Actions || v.Records != v.Revisions {
		t.Errorf("%+v", *v)
	}
	if n := w.number(t, "SELECT count(*) FROM (SELECT FROM aslog.journal GROUP BY shard, seq HAVING count(*) > 1) twice"); n > 0 {
		t.Errorf("%d seqs stand twice", n)
	}
	if n := w.number(t, "SELECT count(DISTINCT epoch) FROM aslog.shard_head WHERE epoch < 10"); n > 0 {
		t.Error("a shard was claimed less often than the daemon was killed")
	}
	t.Logf("%d actions, %d revisions, %d records; %+v requests", v.Actions, v.Revisions, v.Records, w.cloud.Counts())
}

// build makes the binary.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "aslogd")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

type process struct{ cmd *exec.Cmd }

// spawn runs the daemon as a process of its own. It ends with the test.
func (w *world) spawn(t *testing.T, binary string) *process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "run")
	cmd.Env, cmd.Stdout, cmd.Stderr = w.vars, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd}
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill(t)
		}
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("a daemon's log:\n%s", text[max(0, len(text)-4000):])
		}
		log.Close()
	})
	return p
}

// kill ends it as a power failure would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // says that it was killed
	p.cmd = nil
}
