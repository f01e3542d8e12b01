package sink

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/internal/testenv"
)

func TestLaw06DoingToSuccessIsRevisionTwo(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)

	want(t, "first sight", commit(t, c, batch("g", seen(t, 1, doing("a")))), ingest.Outcome{New: 1})
	want(t, "open", text(t, pool, `SELECT action_id FROM aslog.open_action`), "a")
	want(t, "its end", commit(t, c, batch("g", seen(t, 2, success("a", "i-9")))), ingest.Outcome{Changed: 1})
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING; 2 g a 2 changed SUCCESS")
	want(t, "present", text(t, pool, `SELECT revision, status, type, seq, shard, open, raw IS NULL, changed_at > first_seen_at, cardinality(earlier_hashes)
		FROM aslog.scaling_action`), "2 SUCCESS MANUAL_ADD 2 3 false true true 1")
	want(t, "children are replaced", text(t, pool, `SELECT outcome, ordinal, instance_id FROM aslog.scaling_action_instance ORDER BY 2`),
		"added 0 i-9; added 1 i-2")
	want(t, "reasons", text(t, pool, `SELECT ordinal, change_reason, old_value, new_value FROM aslog.scaling_action_reason`), "0 MANNUAL 1 3")
	want(t, "raw is kept byte for byte", text(t, pool, `SELECT raw::text FROM aslog.journal WHERE seq = 2`), success("a", "i-9"))

	want(t, "status never goes back", commit(t, c, batch("g", seen(t, 3, doing("a")))), ingest.Outcome{Stale: 1})
	want(t, "what was asked before is dropped", commit(t, c, batch("g", seen(t, 1, success("a", "i-8")))), ingest.Outcome{Stale: 1})
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING; 2 g a 2 changed SUCCESS")
	want(t, "group name", text(t, pool, `SELECT DISTINCT group_name FROM aslog.journal`), "name of g")
}

func TestLaw06AReturningPayloadMustBeShownForLong(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	first, second := success("a", "i-1"), success("a", "i-7")
	step := func(asked int, raw string, outcome ingest.Outcome) {
		t.Helper()
		want(t, "outcome", commit(t, c, batch("g", seen(t, asked, raw))), outcome)
	}
	stale, change := ingest.Outcome{Stale: 1}, ingest.Outcome{Changed: 1}
	step(0, first, ingest.Outcome{New: 1})
	step(1, second, change)
	step(2, first, stale)
	step(50, first, stale)
	step(51, second, ingest.Outcome{}) // seen in between: the wait begins again
	want(t, "nothing noted", text(t, pool, `SELECT stale_hash IS NULL, stale_since IS NULL FROM aslog.scaling_action`), "true true")
	step(70, first, stale)
	step(129, first, stale)
	step(130, first, change)
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new SUCCESS; 2 g a 2 changed SUCCESS; 3 g a 3 changed SUCCESS")
	step(131, second, stale) // now the other one is the earlier
}

func TestLaw03ReadingAgainMakesNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	batches := []*ingest.Batch{
		batch("g", seen(t, 1, doing("a")), seen(t, 1, success("b", "i-1"))),
		batch("h", seen(t, 2, success("a", "i-1"))),
		batch("g", seen(t, 3, success("a", "i-1")), seen(t, 3, success("c", "i-1"))),
	}
	batches[0].Begin = &ingest.Begin{From: day, Tail: day}
	batches[0].Covered = []ingest.Span{{From: day, To: day.Add(time.Hour)}}
	for _, b := range batches {
		commit(t, c, b)
	}
	// All but the name that each commit writes, to be told by.
	everything := `SELECT h.shard, h.owner, h.epoch, h.head_seq, h.head_hash, h.head_recorded_at, j.*, a.* FROM aslog.shard_head h, aslog.journal j, aslog.scaling_action a ORDER BY j.seq, a.group_id, a.action_id`
	before := text(t, pool, everything) + text(t, pool, `SELECT group_id, covered::text, watermark FROM aslog.checkpoint`)
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2, 2, 0, 1}} {
		for _, i := range order {
			out := commit(t, c, batches[i])
			want(t, "new and changed", []int{out.New, out.Changed}, []int{0, 0})
		}
	}
	want(t, "everything", text(t, pool, everything)+text(t, pool, `SELECT group_id, covered::text, watermark FROM aslog.checkpoint`), before)
}

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

// Another replica has claimed the shard: what this one still holds is dropped.
func TestLaw04AStaleEpochWritesNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, checkpoint.Lease{Shard: lease.Shard, Epoch: lease.Epoch + 1, Owner: lease.Owner})
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease})
	said := run(t, c)
	b := batch("g", seen(t, 1, doing("a")))
	b.Begin = &ingest.Begin{From: day, Tail: day}
	if _, err := c.Commit(context.Background(), b); !errors.Is(err, checkpoint.ErrLost) {
		t.Fatalf("Commit: %v, want ErrLost", err)
	}
	if err := <-said; !errors.Is(err, checkpoint.ErrLost) {
		t.Errorf("Run: %v, want ErrLost", err)
	}
	if _, err := c.Commit(context.Background(), b); !errors.Is(err, checkpoint.ErrLost) {
		t.Errorf("Commit after the end: %v, want ErrLost", err)
	}
	want(t, "rows", text(t, pool, `SELECT (SELECT count(*) FROM aslog.journal), (SELECT count(*) FROM aslog.scaling_action), (SELECT count(*) FROM aslog.checkpoint)`), "0 0 0")
}

// What breaks: a standby that lacked the last commit is promoted, under the
// same owner and epoch. What must hold: nothing is committed on what readers
// remember; Run ends, so that all is read and compared afresh, and then the
// lost action is a new one.
func TestLaw05AJournalThatMovedUnderItsOwnerIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour})
	said := run(t, c)
	commit(t, c, batch("g", seen(t, 1, doing("a"))))
	before := text(t, pool, `SELECT head_seq, head_hash FROM aslog.shard_head WHERE shard = $1`, lease.Shard)
	commit(t, c, batch("g", seen(t, 2, doing("b"))))
	commit(t, c, batch("g", seen(t, 2, doing("b")))) // a commit without rows moves nothing
	exec(t, pool, `UPDATE aslog.shard_head h SET head_seq = j.seq, head_hash = j.chain_hash FROM aslog.journal j WHERE h.shard = j.shard AND j.seq = 1`)
	want(t, "the head is back", text(t, pool, `SELECT head_seq, head_hash FROM aslog.shard_head WHERE shard = $1`, lease.Shard), before)

	b := batch("g")
	b.Covered = []ingest.Span{span(0, 10)}
	b.Begin = &ingest.Begin{From: day, Tail: day}
	_, err := c.Commit(t.Context(), b)
	if !errors.Is(err, errMoved) || !strings.Contains(err.Error(), "ends at seq 1, but this epoch committed up to 2") {
		t.Errorf("Commit: %v", err)
	}
	if err := <-said; !errors.Is(err, errMoved) || errors.Is(err, checkpoint.ErrLost) {
		t.Errorf("Run: %v", err)
	}
	want(t, "checkpoints", text(t, pool, `SELECT count(*) FROM aslog.checkpoint`), "0")
}

func TestLaw04ABatchOfAnotherEpochIsDropped(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	b := batch("g", seen(t, 1, doing("a")))
	b.Epoch--
	if _, err := c.Commit(context.Background(), b); !errors.Is(err, checkpoint.ErrLost) {
		t.Errorf("Commit: %v, want ErrLost", err)
	}
	commit(t, c, batch("g", seen(t, 1, doing("b")))) // the committer itself goes on
	want(t, "journal", text(t, pool, journalText), "1 g b 1 new DOING")
}

// Journal and topic disagree: callers are told, and once it is settled the
// shard goes on by itself.
func TestLaw05AStoppedShardCommitsNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	var mu sync.Mutex
	fork := errors.New("topic is ahead by 3 rows")
	c := committer(t, pool, func(cfg *CommitterConfig) {
		cfg.Before = func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			return fork
		}
	})
	var stopped *Stopped
	if _, err := c.Commit(context.Background(), batch("g", seen(t, 1, doing("a")))); !errors.As(err, &stopped) || !errors.Is(err, fork) {
		t.Errorf("Commit: %v, want Stopped", err)
	}
	want(t, "rows", text(t, pool, `SELECT count(*) FROM aslog.journal`), "0")
	mu.Lock()
	fork = nil
	mu.Unlock()
	for {
		if _, err := c.Commit(context.Background(), batch("g", seen(t, 1, doing("a")))); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	want(t, "rows", text(t, pool, `SELECT count(*) FROM aslog.journal`), "1")
}

// A new release hashes differently: what is stored is hashed again, and only
// what differs then is a revision.
func TestLaw03AnotherNormalFormMakesNoRevision(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	commit(t, c, batch("g", seen(t, 1, doing("a")), seen(t, 1, doing("b"))))
	exec(t, pool, `UPDATE aslog.scaling_action SET content_hash = '\x09'::bytea || substr(content_hash, 2)`)
	want(t, "one is the same, one is not", commit(t, c, batch("g", seen(t, 2, doing("a")), seen(t, 2, success("b", "i-1")))), ingest.Outcome{Changed: 1})
	want(t, "journal", text(t, pool, journalText), "1 g a 1 new DOING; 2 g b 1 new DOING; 3 g b 2 changed SUCCESS")
	want(t, "hashes are of this form", text(t, pool, `SELECT DISTINCT get_byte(content_hash, 0) FROM aslog.scaling_action`), "1")
	want(t, "and so is the earlier one", commit(t, c, batch("g", seen(t, 3, success("b", "i-5")))), ingest.Outcome{Changed: 1})
}

// The month's partition is missing, because nothing ran for months.
func TestAMissingMonthIsMade(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	exec(t, pool, `UPDATE aslog.shard_head SET head_recorded_at = now() + interval '1 year' WHERE shard = 3`)
	c := committer(t, pool)
	commit(t, c, batch("g", seen(t, 1, doing("a"))))
	want(t, "recorded_at never falls", text(t, pool, `SELECT j.recorded_at > now() + interval '364 days', h.head_recorded_at = j.recorded_at
		FROM aslog.journal j, aslog.shard_head h WHERE h.shard = 3`), "true true")
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

// A lagging replica's payload is known for one also after an upgrade that
// hashes differently: the payloads before the present one are hashed again too.
func TestLaw03AnotherNormalFormKnowsEarlierPayloads(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	commit(t, c, batch("g", seen(t, 1, success("a", "i-1")), seen(t, 1, success("b", "i-1"))))
	commit(t, c, batch("g", seen(t, 2, success("a", "i-5"))))
	commit(t, c, batch("g", seen(t, 3, success("a", "i-6"))))
	exec(t, pool, `UPDATE aslog.scaling_action SET content_hash = '\x09'::bytea || substr(content_hash, 2),
		earlier_hashes = ARRAY(SELECT '\x09'::bytea || substr(h, 2) FROM unnest(earlier_hashes) h)`)
	want(t, "the first again", commit(t, c, batch("g", seen(t, 4, success("a", "i-1")))), ingest.Outcome{Stale: 1})
	want(t, "the second again", commit(t, c, batch("g", seen(t, 5, success("a", "i-5")))), ingest.Outcome{Stale: 1})
	want(t, "another one", commit(t, c, batch("g", seen(t, 6, success("a", "i-7")))), ingest.Outcome{Changed: 1})
	want(t, "the second once more", commit(t, c, batch("g", seen(t, 7, success("a", "i-5")))), ingest.Outcome{Stale: 1})
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
