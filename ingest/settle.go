package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"aslogd/checkpoint"
)

// Settling finds what the API showed only after its place was covered. For
// each stage (an age) a group has a pointer; once a stage's length it moves to
// where records are that old now, and what lies between is read again: by
// count where one request can confirm it, by a pass where not, and by a pass
// always in the last stage, since equal counts are not equal sets. A quiet
// group costs one request a move.
//
// What was first read when it was older than a stage needs none of that stage:
// so pointers begin a stage before the tail did, holes are left behind (the
// backfill that closes them reads what is older), and so is what a backfill
// has proved since.

// mostSettles is how often a stretch that will not be proved is read again
// before its pointer moves on without it.
const mostSettles = 3

// A settling is one move of one pointer.
type settling struct {
	stage time.Duration
	last  bool
	to    time.Time
	parts checkpoint.Coverage // what is to be read again
}

// settleState is what a worker remembers of its moves. Forgetting it costs
// requests.
type settleState struct {
	running bool
	after   time.Time // not before; a move failed
	wait    time.Duration
	tries   map[time.Duration]int                 // of a stage's next move
	ripe    map[time.Duration]checkpoint.Coverage // was older than the stage when it was proved
}

// startSettle moves, beside the tail, the pointers that are due.
func (w *worker) startSettle(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	s := &w.settles
	if s.running || now.Before(s.after) || w.group.GoneAt != nil || !w.group.Known {
		return
	}
	due := w.dueLocked(now)
	if len(due) == 0 {
		return
	}
	s.running = true
	w.spawn(func() error { return w.settle(ctx, due) })
}

// dueLocked is which pointers can move, and how far: to the group's own place
// within the stage's length, so that groups take turns.
func (w *worker) dueLocked(now time.Time) (due []settling) {
	h := fnv.New64a()
	h.Write([]byte(w.group.ID))
	now = checkpoint.Earlier(now, now.Add(w.skew))
	for i, stage := range w.stages {
		from, ok := w.group.Settled[stage]
		if !ok {
			from = checkpoint.Later(w.group.From, w.group.TailFrom.Add(-stage))
		}
		period := max(int64(stage/time.Second), 1)
		end := now.Add(-stage).Unix()
		to := time.Unix(end-(end+int64(h.Sum64()%uint64(period)))%period, 0).UTC()
		if !to.After(from) {
			continue
		}
		parts := within(w.group.Covered, Span{From: from, To: to}).Sub(w.settles.ripe[stage]...)
		due = append(due, settling{stage: stage, last: i == len(w.stages)-1, to: to, parts: parts})
	}
	return due
}

func (w *worker) settle(ctx context.Context, due []settling) (err error) {
	for _, s := range due {
		if err = w.move(ctx, s); err != nil {
			err = fmt.Errorf("settle at %s: %w", s.stage, err)
			break
		}
	}
	w.mu.Lock()
	state := &w.settles
	state.running = false
	state.wait = min(max(2*state.wait, time.Minute), mostFollow)
	state.after = time.Now().Add(state.wait)
	if err == nil {
		state.wait, state.after = 0, time.Time{}
	}
	w.mu.Unlock()
	if err == nil || ctx.Err() != nil {
		return nil
	}
	if errors.Is(err, checkpoint.ErrLost) {
		return err
	}
	w.warn(w.target(), err)
	return nil
}

// errMoving says that a stretch could not be proved again. It will be tried.
var errMoving = errors.New("the list does not stand still")

// move reads what one move asks for again, and moves the pointer.
func (w *worker) move(ctx context.Context, s settling) error {
	done := &Settled{Stage: s.stage, To: s.to}
	var failed error
	for _, part := range s.parts {
		confirmed, err := w.settlePart(ctx, s, part)
		done.Spans = append(done.Spans, confirmed...)
		if err == nil {
			continue
		}
		if failed == nil && w.again(s.stage, err) {
			failed, done.To = fmt.Errorf("read %s again: %w", part, err), part.From
		}
		if !errors.Is(err, errMoving) {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, err := w.commit(ctx, Settle, &Batch{Settled: done}); err != nil {
		return err
	}
	return failed
}

// again says whether the pointer waits for what failed. For the list it waits a
// few times; for a source that does not answer it waits for ever.
func (w *worker) again(stage time.Duration, err error) bool {
	if !errors.Is(err, errMoving) && !errors.Is(err, ErrNotJSON) {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.settles.tries == nil {
		w.settles.tries = map[time.Duration]int{}
	}
	w.settles.tries[stage]++
	return w.settles.tries[stage] < mostSettles
}

// settlePart reads one covered stretch again. It returns what the last stage
// confirmed of it.
func (w *worker) settlePart(ctx context.Context, s settling, part Span) (confirmed []Span, err error) {
	source := w.target().Source
	if !s.last {
		same, err := w.confirm(ctx, part)
		if err != nil {
			return nil, err
		}
		if same {
			w.metrics.settled(source, "counted")
			return nil, nil
		}
	}
	unproved := false
	err = w.readSpan(ctx, Settle, part, func(res result) error {
		if !res.proved {
			unproved = true
			w.metrics.settled(source, "unproved")
			return nil
		}
		stored, err := w.counter.Count(ctx, w.target().Group, res.span)
		if err != nil {
			return err
		}
		if stored.Inside > res.total {
			// Something that is stored is not shown any more: retention has
			// come so far. It stays stored, and is not called confirmed.
			w.metrics.settled(source, "short")
			return nil
		}
		w.metrics.settled(source, "read")
		if s.last {
			confirmed = append(confirmed, res.span)
		}
		return nil
	})
	if err == nil && unproved {
		err = errMoving
	}
	return confirmed, err
}

// confirm is a proof by count: one request says whether the API still shows as
// many rows of a covered span as are known. It asks for the last of them, which
// must be the oldest: where that is gone, retention has reached the span, and
// one that was forgotten may hide one that came late. False says nothing.
//
// Whether the filter takes its edges in is unknown, so the count is of use only
// where nothing is known to have started beside the span.
func (w *worker) confirm(ctx context.Context, span Span) (same bool, err error) {
	stored, err := w.counter.Count(ctx, w.target().Group, span)
	if err != nil {
		return false, err
	}
	if stored.Inside != stored.Around || stored.Inside > w.depth() {
		return false, nil
	}
	p := w.newPass(Settle, span)
	defer p.end()
	page, err := p.ask(ctx, max(stored.Inside-1, 0), 1)
	switch {
	case errors.Is(err, ErrNotJSON), errors.Is(err, ErrRefused):
		return false, nil // a pass says what is wrong
	case err != nil:
		return false, err
	case page.Total != stored.Inside:
		return false, nil
	case page.Total == 0:
		return true, nil
	}
	oldest := oldestOf(page)
	return oldest != nil && stored.Oldest != nil && second(*oldest).Equal(second(*stored.Oldest)), nil
}

// settledLocked takes a durable batch into the view of the moves.
func (w *worker) settledLocked(class Class, b *Batch, now time.Time) {
	if s := b.Settled; s != nil {
		settled := map[time.Duration]time.Time{s.Stage: s.To}
		for stage, to := range w.group.Settled {
			settled[stage] = checkpoint.Later(settled[stage], to)
		}
		if s.To.After(w.group.Settled[s.Stage]) {
			delete(w.settles.tries, s.Stage)
		}
		w.group.Settled = settled
		w.settles.ripe[s.Stage] = w.settles.ripe[s.Stage].Sub(Span{To: s.To})
	}
	if class == Settle || len(b.Covered) == 0 {
		return
	}
	fresh := checkpoint.Coverage(nil).Add(b.Covered...).Sub(w.group.Covered...)
	for _, stage := range w.stages {
		old := within(fresh, Span{To: second(now.Add(-stage))})
		if len(old) > 0 {
			w.settles.ripe[stage] = w.settles.ripe[stage].Add(old...)
		}
	}
}
