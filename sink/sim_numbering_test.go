package sink

import (
	"context"
	"io"
	"testing"
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
		Lease: n.lease, Settle: time.Hour, Made: r.Made, Wake: r.Wake, Before: r.CheckFork, Again: r.CheckAgain, Moved: r.Moved, Log: zerolog.Nop(),
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
