package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/action"
)

// The API of the simulated world shows spans of three actions each, one more
// every two seconds, and each action ends after three.
const (
	simSpans   = 8
	simPerSpan = 3
)

var simBegin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // a bubble's clock begins then

func simSpan(n int) ingest.Span {
	from := simBegin.Add(time.Duration(n) * time.Second)
	return ingest.Span{From: from, To: from.Add(time.Second)}
}

func simID(span, i int) string { return fmt.Sprintf("a%d-%d", span, i) }

// simAction is what the API shows of an action at a time.
func simAction(span, i int, now time.Time) *action.Action {
	status := "DOING"
	if now.Sub(simBegin) > time.Duration(2*span+3+i)*time.Second {
		status = "SUCCESS"
	}
	a, err := action.Parse(fmt.Appendf(nil, `{"id":%q,"status":%q,"start_time":%q}`,
		simID(span, i), status, simSpan(span).From.Format(time.RFC3339)))
	if err != nil {
		panic(err)
	}
	return a
}

// read is a worker: it reads span after span, commits page by page, and says
// that a span is covered once all of it is stored.
func (s *simulation) read(ctx context.Context, a *actor, lease checkpoint.Lease, to *Committer) error {
	target := ingest.Target{Source: "s", Project: "p", Group: "g"}
	for pass := 0; ctx.Err() == nil; pass++ {
		_ = a.step(ctx, func() error { return nil }) // asks the API
		asked := time.Now()
		shown := min(simSpans, int(asked.Sub(simBegin)/(2*time.Second)))
		if shown == 0 {
			_ = sleep(ctx, time.Second)
			continue
		}
		span := pass % shown
		whole := true
		for from, n := 0, 0; from < simPerSpan && ctx.Err() == nil; from += n {
			n = 1 + upTo(a.rng, simPerSpan-from)
			b := &ingest.Batch{Epoch: lease.Epoch, Target: target}
			for i := range n {
				b.Actions = append(b.Actions, ingest.Seen{Action: simAction(span, from+i, asked), Asked: asked})
			}
			out, err := to.Commit(ctx, b)
			whole = whole && err == nil && out.Stale == 0
			if done := s.answered(ctx, err); done != nil {
				return done
			}
		}
		if whole {
			_, err := to.Commit(ctx, &ingest.Batch{Epoch: lease.Epoch, Target: target, Covered: []ingest.Span{simSpan(span)}})
			if done := s.answered(ctx, err); done != nil {
				return done
			}
		}
		_ = sleep(ctx, time.Second/2+upTo(a.rng, time.Second))
	}
	return context.Cause(ctx)
}

func (s *simulation) answered(ctx context.Context, err error) error {
	var stopped *Stopped
	switch {
	case err == nil, lost(err):
		return err
	case errors.As(err, &stopped):
		_ = sleep(ctx, time.Second)
	}
	return nil
}

// world is what happens from outside: a minute of trouble, then none.
func (s *simulation) world() {
	event := func(do func()) {
		s.mu.Lock()
		pause := s.pause(5 * time.Second)
		s.mu.Unlock()
		_ = sleep(s.ctx, pause)
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
	}
	event(s.claim)
	back := s.pause(time.Minute)
	for time.Since(simBegin) < time.Minute && s.ctx.Err() == nil {
		event(func() {
			switch s.rng.IntN(8) {
			case 0, 1:
				s.claim()
			case 2:
				s.note("%s dies", s.owner.name)
				s.owner.dead = true
				s.owner.cancel()
				s.after(s.pause(20*time.Second), s.claim)
			case 3:
				s.note("%s is stopped", s.owner.name)
				s.owner.asleep = time.Now().Add(s.pause(time.Minute))
				s.after(s.pause(20*time.Second), s.claim)
			case 4, 5:
				s.away[s.rng.IntN(2)] = time.Now().Add(s.pause(10 * time.Second))
			}
			if s.seed%6 == 3 && time.Since(simBegin) > back {
				s.goBack()
			}
		})
	}
	event(func() {
		s.faulty, s.away = false, [2]time.Time{}
		s.note("nothing goes wrong any more")
	})
	_ = sleep(s.ctx, time.Minute) // those who sleep wake
	event(s.claim)
	for range 300 {
		_ = sleep(s.ctx, time.Second)
		s.mu.Lock()
		err := s.judgeEnd()
		s.mu.Unlock()
		if err == nil || s.ctx.Err() != nil {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail("five minutes after the last fault: %v", s.judgeEnd())
}

// tempt has Postgres go back, in every sixth world, soon after an answer to a
// commit was lost: neither side can then tell whether the commit ever was.
func (s *simulation) tempt(a *actor, fate int) {
	if s.seed%6 == 0 && fate == 6 && a.side == 0 && s.db.now.head.seq > 3 {
		s.after(s.pause(10*time.Second), s.goBack)
	}
}

// goBack is Postgres restored, or a standby promoted that lacks the last
// commits, once in a world; every connection breaks.
func (s *simulation) goBack() {
	if s.restored || len(s.db.before) == 0 {
		return
	}
	at := len(s.db.before) - 1 - s.rng.IntN(min(len(s.db.before), 1+s.rng.IntN(30)))
	s.note("Postgres goes back from seq %d to %d", s.db.now.head.seq, s.db.before[at].head.seq)
	s.db.now, s.db.before = s.db.before[at], s.db.before[:at]
	if s.db.holder != nil {
		s.db.holder.end()
	}
	s.restored, s.back = true, time.Now()
	s.away[0] = time.Now().Add(s.pause(20 * time.Second)) // that takes a while
}
