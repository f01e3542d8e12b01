package sink

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/ingest"
	"aslogd/internal/testenv"
)

// A cutter makes connections that break at a chosen write: just before it, so
// that Postgres never gets it, or just after, so that its answer is lost.
type cutter struct {
	mu    sync.Mutex
	left  int // writes until the cut; 0: none
	after bool
	cut   bool
}

func (c *cutter) arm(n int, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.after, c.cut = n, after, false
}

// disarm reports whether it has cut.
func (c *cutter) disarm() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = 0
	return c.cut
}

func (c *cutter) due() (cut, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		return false, false
	}
	c.left--
	c.cut = c.left == 0
	return c.cut, c.after
}

type cutConn struct {
	*net.TCPConn
	by *cutter
}

func (c cutConn) Write(b []byte) (int, error) {
	cut, after := c.by.due()
	if cut && !after {
		c.TCPConn.Close()
		return 0, errors.New("cut before a write")
	}
	n, err := c.TCPConn.Write(b)
	if cut {
		// What was written still arrives; what comes back is not read.
		c.CloseWrite()
		c.SetReadDeadline(time.Unix(1, 0))
		return n, errors.New("cut after a write")
	}
	return n, err
}

// pool connects through the cutter, one connection at a time.
func (c *cutter) pool(t *testing.T, like *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	cfg := like.Config()
	cfg.MaxConns = 1
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return cutConn{conn.(*net.TCPConn), c}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// A breaking committer has a connection that is cut.
type breaking struct {
	*Committer
	safe *pgxpool.Pool // the same database, by connections that hold
	cut  *cutter
	cuts int
}

func newBreaking(t *testing.T) *breaking {
	t.Helper()
	b := &breaking{safe: testenv.Postgres(t), cut: &cutter{}}
	own(t, b.safe, lease)
	b.Committer = NewCommitter(CommitterConfig{Pool: b.cut.pool(t, b.safe), Lease: lease, Settle: time.Hour})
	b.pause = time.Millisecond
	return b
}

// A try is one commit, of the n-th pair of groups.
type try struct {
	n     int
	write int // that is cut
	after bool
}

func (t try) String() string { return fmt.Sprintf("write %d, after %v", t.write, t.after) }

// tries are commits that are cut before each of their writes in turn, and then
// after each, until there is none left to cut. Before each, what full changes
// is stored.
func (b *breaking) tries(t *testing.T) iter.Seq[try] {
	return func(yield func(try) bool) {
		n := 0
		for _, after := range []bool{false, true} {
			for write, more := 1, true; more; write++ {
				n++
				prepare(t, b.Committer, b.safe, n)
				exec(t, b.pool, `SELECT`) // a connection is there before the cut
				b.cut.arm(write, after)
				if !yield(try{n, write, after}) {
					return
				}
				if more = b.cut.disarm(); more {
					b.cuts++
				}
			}
		}
	}
}

// itemsOf are batches as the queue holds them.
func itemsOf(batches ...*ingest.Batch) (items []*item) {
	for _, b := range batches {
		items = append(items, &item{batch: b, done: make(chan struct{})})
	}
	return items
}
