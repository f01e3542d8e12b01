package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/checkpoint"
)

// saveEvery is how often the tail's proofs are made durable where polls come
// faster, at about the same time for all groups, so that those of a shard are saved
// together. One that is left out is in the next: at a restart a few seconds more are
// read again.
const saveEvery = 4 * time.Second

// thriftLocked leaves the proof out of a tail's batch where one was saved a moment
// ago, or is being saved. It says whether the batch holds nothing else: then its
// commit waits for company, and the next poll is not to wait for that. After a
// commit failed, a poll waits all the same, and fails as loudly as any. A group that is
// gone is different: what its last read proved decides what is lost. And only the
// tail's own pass is followed by another that proves the same: the pieces of a busy
// head are not, nor is a group's first poll, which the backfill builds on.
func (w *worker) thriftLocked(b *Batch) (aside bool) {
	if !b.thrifty || len(b.Covered) == 0 || b.Begin != nil || w.group.GoneAt != nil || w.spawn == nil {
		return false
	}
	alone := len(b.Actions)+len(b.Rejects) == 0
	now := time.Now()
	if now.Truncate(saveEvery).Equal(w.saved.Truncate(saveEvery)) || alone && w.saving {
		b.Covered, b.Proof, b.EmptyBy = nil, nil, time.Time{}
		return false
	}
	aside = alone && !w.unsaved
	w.saved, w.saving = now, w.saving || aside
	return aside
}

// save makes a proof durable beside the polls.
func (w *worker) save(ctx context.Context, class Class, b *Batch, front time.Time) error {
	_, err := w.store(ctx, class, b, front)
	w.mu.Lock()
	w.saving = false
	w.mu.Unlock()
	if errors.Is(err, checkpoint.ErrLost) {
		return fmt.Errorf("group %s: %w", b.Target.Group, err)
	}
	return nil
}
