package sink

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

// A lossy database answers no COMMIT while fate is set: that decides instead.
type lossy struct {
	simSession
	fate func()
}

type lossyTx struct {
	pgx.Tx
	of *lossy
}

func (t lossyTx) copy(ctx context.Context, table string, text io.Reader) error {
	return t.Tx.(copier).copy(ctx, table, text)
}

func (l *lossy) Begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := l.simSession.Begin(ctx)
	return lossyTx{tx, l}, err
}

func (t lossyTx) Commit(ctx context.Context) error {
	err := t.Tx.Commit(ctx)
	if fate := t.of.fate; fate != nil && err == nil {
		t.of.fate = nil
		fate()
		return errSimCut
	}
	return err
}

// A numbering is a simulated shard of one owner whom nothing befalls by itself.
type numbering struct {
	*simulation
	t     *testing.T
	owner *process
	lease checkpoint.Lease
	pool  *lossy
	turns int
}

func newNumbering(t *testing.T) *numbering {
	n := &numbering{simulation: newSimulation(t, 1, t.Logf), t: t, owner: &process{name: "one"}, lease: checkpoint.Lease{Owner: "one", Epoch: 1}}
	n.faulty = false
	n.db.now.lease = n.lease
	n.pool = &lossy{simSession: simSession{n.actor(n.owner, "committer", 0), n.db}}
	return n
}

// hold runs a committer, and a relay where asked to.
func (n *numbering) hold(with func(*CommitterConfig)) (c *Committer, r *Relay, said <-chan error) {
	n.turns++
	r = n.relay(n.owner, n.lease, n.turns, func() { c.Recheck() })
	cfg := CommitterConfig{
		Lease: n.lease, Settle: time.Hour, Wake: r.Wake, Before: r.CheckFork, Again: r.CheckAgain, Moved: r.Moved, Log: zerolog.Nop(),
	}
	if with != nil {
		with(&cfg)
	}
	c = NewCommitter(cfg)
	c.pool, c.idle = n.pool, time.Second
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(n.ctx)
	n.running.Go(func() { _ = r.Run(ctx) })
	n.running.Go(func() {
		err := c.Run(ctx)
		stop()
		ended <- err
	})
	return c, r, ended
}

// begin runs a committer that has committed, and its relay.
func (n *numbering) begin() (c *Committer, r *Relay, said <-chan error) {
	c, r, said = n.hold(nil)
	if err := n.commit(c, 0); err != nil {
		n.t.Fatal(err)
	}
	return c, r, said
}

func (n *numbering) commit(c *Committer, span int) error {
	_, err := c.Commit(n.ctx, &ingest.Batch{
		Epoch: n.lease.Epoch, Target: ingest.Target{Source: "s", Project: "p", Group: "g"},
		Actions: []ingest.Seen{{Action: simAction(span, 0, time.Now()), Asked: time.Now()}},
	})
	return err
}

// goBackTo is Postgres restored to a former state.
func (n *numbering) goBackTo(state *simState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.db.now, n.restored, n.back = state, true, time.Now()
}

func (n *numbering) state() *simState {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.db.now
}

func (n *numbering) kafkaAway(until time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away[1] = until
}

func (n *numbering) end() {
	n.stop(nil)
	n.running.Wait()
	if n.failure != nil {
		n.t.Error(n.failure)
	}
}

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
