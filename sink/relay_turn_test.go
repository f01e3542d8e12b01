package sink

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// What breaks: whoever numbers rows has to look while the relay has much to
// publish. What must hold: it waits for one lot and no more, the relay publishes
// nothing while it looks, and then goes on to the end.
func TestWhoeverNumbersRowsWaitsForOneLot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNumbering(t)
		defer n.end()
		c, _, said := n.hold(nil)
		n.kafkaAway(time.Now().Add(time.Hour)) // so that rows pile up
		const rows = 10
		for span := range rows {
			if err := n.commit(c, span); err != nil {
				t.Fatal(err)
			}
		}
		n.stop(nil)
		<-said
		n.running.Wait()
		n.ctx, n.stop = context.WithCancelCause(t.Context())
		time.Sleep(time.Hour)

		r := n.relay(n.owner, n.lease, 2, func() {})
		r.lot = 1
		// Both wait for a turn that somebody has, the relay first.
		r.take(t.Context())
		n.running.Go(func() {
			if err := r.drain(n.ctx); err != nil {
				t.Errorf("drain: %v", err)
			}
		})
		synctest.Wait()
		looks := make(chan struct{})
		n.running.Go(func() {
			if !r.take(n.ctx) {
				t.Error("no turn")
			}
			want(t, "published before the look", r.at.seq, 1)
			time.Sleep(time.Minute)
			want(t, "published after it", r.at.seq, 1)
			r.pass()
			close(looks)
		})
		synctest.Wait()
		r.pass()
		<-looks
		n.running.Wait()
		want(t, "published in the end", n.state().published.seq, rows)
	})
}

// What breaks: the turn does not come. What must hold: whoever waits for it
// waits no longer than its context does, publishes nothing then, and leaves the
// turn to whom it belongs.
func TestATurnIsWaitedForNoLongerThanAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNumbering(t)
		defer n.end()
		r := n.relay(n.owner, n.lease, 1, func() {})
		r.take(t.Context())
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if more, err := r.step(ctx); more || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("step: %v, %v", more, err)
		}
		want(t, "waited", time.Since(began), time.Minute)
		want(t, "turns that are taken", len(r.turn), 1)
		r.pass()
		if !r.take(t.Context()) {
			t.Error("no turn once it is free")
		}
	})
}
