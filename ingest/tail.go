package ingest

import (
	"context"
	"errors"
	"time"

	"aslogd/checkpoint"
)

const (
	leastOverlap = 10 * time.Minute // what is covered is read again this far back
	mostOverlap  = 6 * time.Hour
	nearOpen     = time.Hour       // an open action this near to the front is in the tail's span
	headroom     = 5 * time.Second // what is older than this stands still
)

// tail reads what is new: from the front, less an overlap for what comes late
// and for what may still change, without an end. One request when it is quiet.
//
// What is too long for one pass is of two kinds. Where the front is far behind
// (the daemon was away), the tail goes on at the head, and the backfill reads
// what lies between: a new action never waits for an old one. Where the head
// itself is that busy, the closed part up to a few seconds ago is proved piece
// by piece, and the rest is left to the next round.
func (w *worker) tail(ctx context.Context) error {
	w.mu.Lock()
	known := w.group.Known
	w.mu.Unlock()
	if !known {
		return w.contact(ctx)
	}
	front, from, class := w.tailSpan()
	rec := w.takeRecall(from)
	if rec != nil {
		from = rec.from
	}
	p := w.newPass(class, Span{From: from})
	p.front, p.recall, p.hasty = front, rec, w.moves()
	res, err := p.readOpen(ctx)
	if err != nil {
		return err
	}
	w.forget(from)
	if !res.tooLarge && !res.moving {
		return nil
	}
	head := second(res.began.Add(-headroom))
	if res.tooLarge && front.Before(head.Add(-leastOverlap)) {
		w.mu.Lock()
		w.jumped = head
		w.mu.Unlock()
		select {
		case w.dug <- struct{}{}:
		default:
		}
		return nil
	}
	return w.readHead(ctx, class, front, from, head)
}

// tailSpan says where the tail begins, and whether this read is for the sake
// of something under way.
func (w *worker) tailSpan() (front, from time.Time, class Class) {
	w.mu.Lock()
	defer w.mu.Unlock()
	class = Tail
	if w.group.Scaling || w.hinted {
		class = Follow
	}
	w.hinted = false
	front = w.frontLocked()
	from = second(front.Add(-w.overlapLocked()))
	for _, o := range w.open {
		if o.near(front) {
			from = checkpoint.Earlier(from, second(*o.start))
			class = Follow
		}
	}
	return front, from, class
}

// overlapLocked is how far back the tail reads what it has read.
func (w *worker) overlapLocked() time.Duration {
	return min(max(leastOverlap, w.group.Lateness*3/2), mostOverlap)
}

// wantedFrom is the later of the source's start and the group's creation; nil
// where neither is known.
func wantedFrom(start, created *time.Time) *time.Time {
	if start == nil || created != nil && created.After(*start) {
		return created
	}
	return start
}

// findOldest asks for a group's oldest row, where nothing says when the group
// was made: the last row of all, or where that is too deep to ask for, the
// deepest, and from there again.
func (w *worker) findOldest(ctx context.Context, e *errand) (oldest *time.Time, err error) {
	p := w.newPass(Backfill, Span{})
	for {
		p.errand = e
		depth := w.depth() // one for the round: it may run out meanwhile
		page, err := p.rows(ctx, 0, 1)
		if err != nil {
			return nil, err
		}
		p.drop(page)
		found, total := oldestOf(page), page.Total // the order is nowhere promised
		if total > 1 {
			p.total = total
			page, err := p.rows(ctx, min(total-1, depth), 1)
			if errors.Is(err, errTooDeep) {
				depth = w.depth()
				page, err = p.rows(ctx, min(total-1, depth), 1)
			}
			if err != nil {
				return nil, err
			}
			p.drop(page)
			found = older(found, oldestOf(page))
		}
		if found == nil || oldest != nil && !found.Before(*oldest) || total <= depth+1 {
			return older(oldest, found), nil
		}
		oldest = found
		p = w.newPass(Backfill, Span{To: second(*found)})
	}
}
