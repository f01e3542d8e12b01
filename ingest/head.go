package ingest

import (
	"context"
	"time"

	"aslogd/checkpoint"
)

// briefOverlap is what is read again at each poll behind a head that moves faster
// than a pass. The whole overlap is, once in wholeAgain.
const briefOverlap = 30 * time.Second

// moves says that the list moved under the tail's passes a moment ago: then the
// next is given up as soon as it does so again.
func (w *worker) moves() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.swept) < wholeAgain
}

// readHead proves the closed part of a head that does not stand still, and what of
// the overlap is due: down to the oldest action that may still change, or all of
// it, and what has passed by since it was last read.
func (w *worker) readHead(ctx context.Context, class Class, front, from, head time.Time) error {
	began := time.Now()
	w.mu.Lock()
	since, brief := began.Sub(w.swept), second(front.Add(-briefOverlap))
	for _, o := range w.open {
		if o.near(front) {
			brief = checkpoint.Earlier(brief, second(*o.start))
		}
	}
	w.mu.Unlock()
	sweep := since >= wholeAgain
	if sweep {
		from = from.Add(-min(since, 2*wholeAgain).Truncate(time.Second))
	} else {
		from = brief
	}
	proved := true
	err := w.readSpan(ctx, class, Span{From: from, To: head}, func(res result) error {
		proved = proved && res.proved
		return nil
	})
	if err == nil && proved && sweep {
		w.mu.Lock()
		w.swept = began
		w.mu.Unlock()
	}
	return err
}
