package sink

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// Batches that wait together are one commit: one recorded_at, each action once.
func TestWaitingBatchesAreMerged(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour})
	outcomes := make([]ingest.Outcome, 3)
	batches := []*ingest.Batch{
		batch("g", seen(t, 1, doing("a"))),
		batch("h", seen(t, 1, doing("a")), seen(t, 1, doing("b"))),
		batch("g", seen(t, 2, success("a", "i-1"))),
	}
	var wg sync.WaitGroup
	for i, b := range batches {
		wg.Go(func() { outcomes[i] = commit(t, c, b) })
	}
	for c.waiting() < 3 {
		time.Sleep(time.Millisecond)
	}
	run(t, c)
	wg.Wait()
	want(t, "one commit", text(t, pool, `SELECT count(DISTINCT recorded_at) FROM aslog.journal`), "1")
	want(t, "rows", text(t, pool, `SELECT group_id, action_id, revision, status FROM aslog.journal ORDER BY 1, 2`),
		"g a 1 SUCCESS; h a 1 DOING; h b 1 DOING")
	want(t, "the latest read counts", outcomes, []ingest.Outcome{{}, {New: 2}, {New: 1}})
}

func (c *Committer) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// An action stands once in a merged commit, in its latest read, whichever batch
// came first.
func TestLaw06TheLatestAnswerOfACommitCounts(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour})
	var items []*item
	for _, s := range []ingest.Seen{seen(t, 2, success("a", "i-2")), seen(t, 1, success("a", "i-1"))} {
		items = append(items, &item{batch: batch("g", s), done: make(chan struct{})})
	}
	if err := c.store(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	want(t, "stored", text(t, pool, `SELECT instance_id FROM aslog.scaling_action_instance WHERE ordinal = 0`), "i-2")
	want(t, "neither was late", []int{items[0].outcome.Stale, items[1].outcome.Stale}, []int{0, 0})
}

// Answers of a merged commit that lie further apart than an earlier payload has
// to be shown, as when Postgres was away, and come back to what is stored: they
// make no revision.
func TestLaw03AnswersThatComeBackMakeNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour})
	for _, reads := range [][]ingest.Seen{
		{seen(t, 0, success("a", "i-1"))},
		{seen(t, 30, success("a", "i-7")), seen(t, 60, success("a", "i-1")), seen(t, 125, success("a", "i-1"))},
	} {
		var items []*item
		for _, s := range reads {
			items = append(items, &item{batch: batch("g", s), done: make(chan struct{})})
		}
		if err := c.store(t.Context(), items); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new SUCCESS")
	want(t, "present", text(t, pool, `SELECT revision, stale_hash IS NULL FROM aslog.scaling_action`), "1 true")
}

// However much waits, a merged commit takes so many actions and no more.
func TestLaw09AMergedCommitIsBounded(t *testing.T) {
	t.Parallel()
	c := NewCommitter(CommitterConfig{Lease: lease})
	big := batch("g")
	for range mergeLimit / 3 {
		big.Actions = append(big.Actions, ingest.Seen{})
	}
	for range 10 {
		if err := c.push(&item{batch: big, done: make(chan struct{})}); err != nil {
			t.Fatal(err)
		}
	}
	taken := 0
	for c.waiting() > 0 {
		items, _ := c.ready()
		if n := len(items) * len(big.Actions); n == 0 || n > mergeLimit {
			t.Fatalf("%d actions in one commit", n)
		}
		taken += len(items)
	}
	want(t, "batches taken", taken, 10)
}

// Every caller waits for its turn: what waits is bounded by bytes.
func TestLaw09WaitingBatchesAreBounded(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, MemoryBytes: 1}) // room for one, whatever its size
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error, 2)
	for _, id := range []string{"a", "b"} {
		go func() {
			_, err := c.Commit(ctx, batch("g", seen(t, 1, doing(id))))
			errs <- err
		}()
	}
	for c.waiting() < 1 {
		time.Sleep(time.Millisecond)
	}
	want(t, "batches in the queue", c.waiting(), 1)
	cancel()
	for range 2 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("Commit: %v, want Canceled", err)
		}
	}
	run(t, c)
	commit(t, c, batch("g", seen(t, 1, doing("c"))))
}

// What breaks: the process is told to stop while batches wait, behind a commit
// that hangs. What must hold: it stores none of them on its way out, as a kill
// would not; the next owner reads again, and all is stored once.
func TestLaw08AStopFlushesNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	ctx, stop := context.WithCancel(t.Context())
	// The stop comes when the committer is about to take what waits.
	before := func(context.Context) error {
		stop()
		return nil
	}
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour, Before: before})
	batches := []*ingest.Batch{
		batch("g", seen(t, 1, doing("a"))),
		batch("h", seen(t, 1, doing("a"))),
		batch("i", seen(t, 1, doing("a"))),
	}
	errs := make(chan error, len(batches))
	for _, b := range batches {
		go func() {
			_, err := c.Commit(context.Background(), b)
			errs <- err
		}()
	}
	for c.waiting() < len(batches) {
		time.Sleep(time.Millisecond)
	}
	if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	for range batches {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("Commit: %v, want Canceled", err)
		}
	}
	want(t, "stored on the way out", text(t, pool, `SELECT count(*) FROM aslog.journal`), "0")

	next := checkpoint.Lease{Shard: lease.Shard, Epoch: lease.Epoch + 1, Owner: "next"}
	own(t, pool, next)
	c = committer(t, pool, func(cfg *CommitterConfig) { cfg.Lease = next })
	for _, b := range batches {
		b.Epoch = next.Epoch
		want(t, "read again", commit(t, c, b), ingest.Outcome{New: 1})
	}
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING; 2 h a 1 new DOING; 3 i a 1 new DOING")
}
