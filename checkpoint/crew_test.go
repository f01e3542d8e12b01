package checkpoint_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

const (
	shards = 8
	ttl    = 1500 * time.Millisecond
)

// A register notes who holds what, and every (shard, epoch) that was ever held.
type register struct {
	mu   sync.Mutex
	held map[string]map[int]int64
	by   map[[2]int64]string
}

func (r *register) enter(t *testing.T, who string, l checkpoint.Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := [2]int64{int64(l.Shard), l.Epoch}
	if other := r.by[key]; other != "" && other != who {
		t.Errorf("shard %d, epoch %d: held by %s and by %s", l.Shard, l.Epoch, other, who)
	}
	r.by[key] = who
	if r.held[who] == nil {
		r.held[who] = map[int]int64{}
	}
	r.held[who][l.Shard] = l.Epoch
}

func (r *register) exit(who string, l checkpoint.Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held[who], l.Shard)
}

func (r *register) count(who string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held[who])
}

// A crew is the replicas of one test, on one database.
type crew struct {
	t   *testing.T
	url string
	register
}

func newCrew(t *testing.T) *crew {
	return &crew{t: t, url: testenv.PostgresURL(t),
		register: register{held: map[string]map[int]int64{}, by: map[[2]int64]string{}}}
}

type replica struct {
	name    string
	pool    *pgxpool.Pool
	line    *cable
	metrics *prometheus.Registry
	stop    func() // in good order
}

func (c *crew) join(name string) *replica {
	c.t.Helper()
	r := &replica{name: name, metrics: prometheus.NewRegistry()}
	r.pool, r.line = connect(c.t, c.url, name, ttl)
	keeper := &checkpoint.Keeper{
		Pool: r.pool, Instance: name, Incarnation: name, TTL: ttl, Log: zerolog.Nop(),
		Metrics: checkpoint.NewMetrics(r.metrics),
		Hold: func(ctx context.Context, l checkpoint.Lease) error {
			c.enter(c.t, name, l)
			defer c.exit(name, l)
			<-ctx.Done()
			return nil
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := keeper.Run(ctx); err != nil {
			c.t.Errorf("keeper of %s: %v", name, err)
		}
	}()
	r.stop = func() { cancel(); <-done }
	c.t.Cleanup(r.stop)
	return r
}

// lost is aslogd_leases_lost_total.
func lost(t *testing.T, metrics *prometheus.Registry) float64 {
	t.Helper()
	families, err := metrics.Gather()
	require.NoError(t, err)
	require.Equal(t, "aslogd_leases_lost_total", families[0].GetName())
	return families[0].GetMetric()[0].GetCounter().GetValue()
}

// heads are owner and epoch of each shard, as text.
func (c *crew) heads(pool *pgxpool.Pool) string {
	c.t.Helper()
	rows, err := pool.Query(context.Background(), `SELECT shard || ' ' || coalesce(owner, '-') || ' ' || epoch FROM aslog.shard_head ORDER BY shard`)
	require.NoError(c.t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(c.t, err)
	return fmt.Sprint(all)
}

func (c *crew) admin() *pgxpool.Pool {
	pool, err := pgxpool.New(context.Background(), c.url)
	require.NoError(c.t, err)
	c.t.Cleanup(pool.Close)
	return pool
}
