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

// Another replica has claimed the shard: what this one still holds is dropped.
func TestLaw04AStaleEpochWritesNothing(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := NewCommitter(CommitterConfig{Pool: pool, Lease: lease})
	said := run(t, c)
	commit(t, c, batch("g", seen(t, 1, doing("before")))) // it has begun under its own epoch
	own(t, pool, checkpoint.Lease{Shard: lease.Shard, Epoch: lease.Epoch + 1, Owner: lease.Owner})
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
	want(t, "rows", text(t, pool, `SELECT (SELECT count(*) FROM aslog.journal), (SELECT count(*) FROM aslog.scaling_action), (SELECT count(*) FROM aslog.checkpoint)`), "1 1 0")
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
