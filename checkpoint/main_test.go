package checkpoint_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// eventually waits for a condition; it fails the test when that takes longer
// than anything here ever should.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	within(t, 30*time.Second, what, holds)
}

func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); ; <-tick.C {
		if holds() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// connect is a pool like a daemon's, over a cable that can be pulled.
func connect(t *testing.T, url, incarnation string, ttl time.Duration) (*pgxpool.Pool, *cable) {
	t.Helper()
	config, err := checkpoint.PoolConfig(url, incarnation, ttl)
	require.NoError(t, err)
	config.MaxConns, config.MinConns = 6, 0
	line := &cable{dial: config.ConnConfig.DialFunc, conns: map[net.Conn]bool{}}
	config.ConnConfig.DialFunc = line.connect
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool, line
}

// A cable carries connections until it is pulled: then they break, and no new
// one comes about.
type cable struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	mu     sync.Mutex
	pulled bool
	conns  map[net.Conn]bool
}

func (c *cable) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pulled {
		conn.Close()
		return nil, errors.New("the cable is pulled")
	}
	c.conns[conn] = true
	return conn, nil
}

func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = true
	for conn := range c.conns {
		conn.Close()
	}
	clear(c.conns)
}

func (c *cable) plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = false
}
