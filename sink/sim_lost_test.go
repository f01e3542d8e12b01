package sink

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// withAndWithoutKafka runs a test twice: with Kafka at hand, and to be away.
func withAndWithoutKafka(t *testing.T, test func(t *testing.T, n *numbering, away bool)) {
	for name, away := range map[string]bool{"Kafka at hand": false, "Kafka away": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNumbering(t)
				defer n.end()
				test(t, n, away)
			})
		})
	}
}

// What breaks: a COMMIT lands, its answer is lost, the relay publishes its row,
// and Postgres fails over to a standby that lacks it; with Kafka at hand, and
// with Kafka away by then. What must hold: the seq is not given again, the shard
// stands still and says so.
func TestLaw05ASeqThatMayBePublishedIsNotGivenAgain(t *testing.T) {
	t.Parallel()
	withAndWithoutKafka(t, func(t *testing.T, n *numbering, away bool) {
		c, r, _ := n.begin()
		time.Sleep(time.Minute)
		before := n.state()
		n.pool.fate = func() {
			r.Wake()
			time.Sleep(time.Second)
			n.goBackTo(before)
			if away {
				n.kafkaAway(time.Now().Add(time.Hour))
			}
		}
		var stopped *Stopped
		if err := n.commit(c, 1); !errors.As(err, &stopped) {
			t.Errorf("the commit says %v", err)
		}
		time.Sleep(time.Minute)
		if now := n.state(); now.head.seq != 1 || now.stopped == "" {
			t.Errorf("the journal ends at %d, and the shard says %q", now.head.seq, now.stopped)
		}
		n.mu.Lock()
		want(t, "records", len(n.topic(n.topics[0])), 2)
		n.mu.Unlock()
	})
}

// What breaks: the answer to a COMMIT is lost that never came to be. What must
// hold: it is made again, and once.
func TestACommitThatNeverCameToBeIsMadeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNumbering(t)
		defer n.end()
		c, _, _ := n.begin()
		before := n.state()
		n.pool.fate = func() { n.goBackTo(before) }
		if err := n.commit(c, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		now := n.state()
		want(t, "journal and word", []any{now.head.seq, now.stopped, now.published.seq}, "[2  2]")
	})
}

// What breaks: Kafka is away, and Postgres goes back under the owner of a shard,
// before its first commit and after it. What must hold: the next one to number
// rows, under the same epoch, knows, and numbers none before Kafka is asked;
// then the shard goes on, for nothing was published.
func TestLaw05AJournalThatWentBackIsRememberedWhileKafkaIsAway(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"before the first commit": true, "later": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNumbering(t)
				defer n.end()
				n.kafkaAway(time.Now().Add(10 * time.Minute))
				before := n.state()
				c, _, said := n.begin()
				if first {
					n.stop(nil)
					<-said
					n.running.Wait()
					n.ctx, n.stop = context.WithCancelCause(t.Context())
					asked := false
					c, _, said = n.hold(func(cfg *CommitterConfig) {
						cfg.Before = func(context.Context) error {
							if !asked {
								asked = true
								n.goBackTo(before)
							}
							return nil
						}
					})
				} else {
					n.goBackTo(before)
				}
				if err := n.commit(c, 1); !errors.Is(err, errMoved) {
					t.Fatalf("the commit says %v", err)
				}
				<-said
				if n.state().stopped == "" {
					t.Error("nobody says that the journal went back")
				}
				c, _, _ = n.hold(nil)
				var stopped *Stopped
				if err := n.commit(c, 1); !errors.As(err, &stopped) {
					t.Errorf("rows may be numbered: %v", err)
				}
				time.Sleep(15 * time.Minute)
				if err := n.commit(c, 1); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute)
				want(t, "word and topic", []any{n.state().stopped, n.state().published.seq}, "[ 1]")
			})
		})
	}
}

// What breaks: Postgres does not answer while a new owner asks whether it may
// number rows, with Kafka at hand and without. What must hold: that is no leave.
func TestLaw05PostgresThatDoesNotAnswerIsNoLeaveToNumberRows(t *testing.T) {
	t.Parallel()
	withAndWithoutKafka(t, func(t *testing.T, n *numbering, away bool) {
		r := n.relay(n.owner, n.lease, 1, func() {})
		if away {
			n.kafkaAway(time.Now().Add(time.Hour))
		}
		n.mu.Lock()
		n.away[0] = time.Now().Add(time.Minute)
		n.mu.Unlock()
		if err := r.CheckFork(n.ctx); !errors.Is(err, errSimCut) {
			t.Errorf("the check says %v", err)
		}
		time.Sleep(time.Minute)
		if err := r.CheckFork(n.ctx); err != nil {
			t.Error(err)
		}
	})
}
