package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

func TestShardsSpreadFairly(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	a := c.join("a")
	eventually(t, "one replica has them all", func() bool { return c.count("a") == shards })
	b := c.join("b")
	eventually(t, "two have half each", func() bool { return c.count("a") == 4 && c.count("b") == 4 })
	d := c.join("d")
	fair := func(n, least, most int) bool { return n >= least && n <= most }
	eventually(t, "three have two or three each", func() bool {
		return c.count("a")+c.count("b")+c.count("d") == shards &&
			fair(c.count("a"), 2, 3) && fair(c.count("b"), 2, 3) && fair(c.count("d"), 2, 3)
	})
	b.stop()
	eventually(t, "two have half each again", func() bool { return c.count("a") == 4 && c.count("d") == 4 })
	d.stop()
	eventually(t, "the last one has them all", func() bool { return c.count("a") == shards })
	a.stop()
	for _, r := range []*replica{a, b, d} {
		require.Zero(t, lost(t, r.metrics), "what %s gave up was taken for lost", r.name)
	}
	admin := c.admin()
	var left int
	require.NoError(t, admin.QueryRow(context.Background(),
		`SELECT (SELECT count(*) FROM aslog.replica) + (SELECT count(*) FROM aslog.shard_head WHERE owner IS NOT NULL)`).Scan(&left))
	require.Zero(t, left, "who leaves in good order leaves nothing behind")
}

// Breaks: a replica, without a word. Must hold: its shards move within two
// TTLs, and what another held stays where it was.
func TestLaw04KilledReplicasShardsMove(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	c.join("a")
	b := c.join("b")
	eventually(t, "both have half", func() bool { return c.count("a") == 4 && c.count("b") == 4 })
	admin := c.admin()
	var untouched int64
	sum := `SELECT sum(epoch)::bigint FROM aslog.shard_head WHERE shard = ANY($1)`
	c.mu.Lock()
	var mine []int
	for s := range c.held["a"] {
		mine = append(mine, s)
	}
	c.mu.Unlock()
	require.NoError(t, admin.QueryRow(context.Background(), sum, mine).Scan(&untouched))

	b.line.pull()
	began := time.Now()
	within(t, 2*ttl, "the survivor has them all", func() bool { return c.count("a") == shards })
	t.Logf("moved after %v, TTL %v", time.Since(began).Round(time.Millisecond), ttl)

	var after int64
	require.NoError(t, admin.QueryRow(context.Background(), sum, mine).Scan(&after))
	require.Equal(t, untouched, after, "a shard moved that need not")

	// Mends: the cable. Must hold: the one taken for dead drops what is another's
	// now, and gets its share anew.
	b.line.plug()
	eventually(t, "half each again", func() bool { return c.count("a") == 4 && c.count("b") == 4 })
	require.Equal(t, 4.0, lost(t, b.metrics))
}

// Breaks: a process stops in the middle of COPY, with the shard's row locked;
// no timeout of Postgres ends such a backend. Must hold: its shards move within
// two TTLs, and what it had begun is undone.
func TestLaw04StoppedReplicasBackendIsEnded(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	b := c.join("b")
	eventually(t, "it has them all", func() bool { return c.count("b") == shards })

	copying, _ := connect(t, c.url, "b", ttl) // the same process, as Postgres sees it
	acquired, err := copying.Acquire(context.Background())
	require.NoError(t, err)
	conn := acquired.Hijack()
	_, err = conn.Exec(context.Background(), `BEGIN; SELECT FROM aslog.shard_head WHERE shard = 3 FOR UPDATE`)
	require.NoError(t, err)
	rows, never := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := conn.PgConn().CopyFrom(context.Background(), rows, `COPY aslog.operation (command, arguments) FROM STDIN`)
		conn.Close(context.Background())
		ended <- err
	}()
	t.Cleanup(func() { never.Close() })
	_, err = never.Write([]byte("half\t{}\n"))
	require.NoError(t, err)

	c.join("a")
	b.line.pull()
	within(t, 2*ttl, "the other has them all", func() bool { return c.count("a") == shards })
	never.Close()
	require.Error(t, <-ended)
	var rowsLeft int
	require.NoError(t, c.admin().QueryRow(context.Background(), `SELECT count(*) FROM aslog.operation`).Scan(&rowsLeft))
	require.Zero(t, rowsLeft)
}

// Breaks: Postgres, for everyone, until every heartbeat has long expired.
// Mends: for one replica after the other. Must hold: nothing moves.
func TestLaw04AfterPostgresWasAwayOwnersKeepTheirShards(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	a, b := c.join("a"), c.join("b")
	eventually(t, "both have half", func() bool { return c.count("a") == 4 && c.count("b") == 4 })
	admin := c.admin()
	before := c.heads(admin)
	expired := func(by time.Duration) func() bool {
		return func() bool {
			var n int
			require.NoError(t, admin.QueryRow(context.Background(),
				`SELECT count(*) FROM aslog.replica WHERE expires_at < clock_timestamp() - $1::interval`, by).Scan(&n))
			return n == 2
		}
	}
	a.line.pull()
	b.line.pull()
	eventually(t, "both heartbeats are a TTL past their end", expired(ttl))
	alive := func(who string) func() bool {
		return func() bool {
			var yes bool
			require.NoError(t, admin.QueryRow(context.Background(),
				`SELECT expires_at > clock_timestamp() FROM aslog.replica WHERE incarnation = $1`, who).Scan(&yes))
			return yes
		}
	}
	a.line.plug()
	eventually(t, "a beats again", alive("a"))
	// b's is expired in plain sight of a now, for less than a TTL.
	b.line.plug()
	eventually(t, "b beats again", alive("b"))
	var beats time.Time
	require.NoError(t, admin.QueryRow(context.Background(), `SELECT max(beat_at) FROM aslog.replica`).Scan(&beats))
	eventually(t, "both have beaten for two TTLs more", func() bool {
		var n int
		require.NoError(t, admin.QueryRow(context.Background(),
			`SELECT count(*) FROM aslog.replica WHERE beat_at > $1`, beats.Add(2*ttl)).Scan(&n))
		return n == 2
	})
	require.Equal(t, before, c.heads(admin))
	require.Equal(t, 4, c.count("a"))
	require.Equal(t, 4, c.count("b"))
}

// Breaks: a Hold, with an error of its own, then with ErrLost. Must hold: it is
// run again, since the row still names this replica; the loss is counted.
func TestHoldIsRunAgain(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	pool, _ := connect(t, url, "a", ttl)
	leases := make(chan checkpoint.Lease)
	fails := make(chan error, 2)
	fails <- errors.New("weather")
	fails <- checkpoint.ErrLost
	metrics := prometheus.NewRegistry()
	ctx, cancel := context.WithCancel(context.Background())
	keeper := &checkpoint.Keeper{
		Pool: pool, Instance: "a", Incarnation: "a", TTL: ttl, Log: zerolog.Nop(),
		Metrics: checkpoint.NewMetrics(metrics),
		Hold: func(ctx context.Context, l checkpoint.Lease) error {
			if l.Shard == 0 {
				leases <- l
				select {
				case err := <-fails:
					return err
				default:
				}
			}
			<-ctx.Done()
			return nil
		},
	}
	done := make(chan error, 1)
	go func() { done <- keeper.Run(ctx) }()
	first := <-leases
	require.Equal(t, first, <-leases, "after weather")
	require.Equal(t, first, <-leases, "after a loss that was none")
	require.Equal(t, 1.0, lost(t, metrics))
	require.WithinDuration(t, time.Now(), keeper.LastBeat(), ttl)
	cancel()
	require.NoError(t, <-done)
}

func TestApplicationNamesStayApart(t *testing.T) {
	t.Parallel()
	require.Equal(t, "aslogd/host-1", checkpoint.ApplicationName("host-1"))
	long := "a-host-name-that-is-far-too-long-for-a-name-in-postgres-0123456789"
	require.LessOrEqual(t, len(checkpoint.ApplicationName(long)), 63)
	require.NotEqual(t, checkpoint.ApplicationName(long+"a"), checkpoint.ApplicationName(long+"b"))
	require.NotEqual(t, checkpoint.ApplicationName("hôst"), checkpoint.ApplicationName("hést"))
}

func TestSessionsOutliveNoLease(t *testing.T) {
	t.Parallel()
	pool, _ := connect(t, testenv.PostgresURL(t), "a", 15*time.Second)
	for name, want := range map[string]string{
		"synchronous_commit": "on", "timezone": "UTC", "application_name": "aslogd/a",
		"lock_timeout": "5s", "idle_in_transaction_session_timeout": "10s",
	} {
		var got string
		require.NoError(t, pool.QueryRow(context.Background(), "SELECT current_setting($1)", name).Scan(&got))
		require.Equal(t, want, got, name)
	}
	_, err := checkpoint.PoolConfig("postgres://u:sesame@h:notaport/d", "a", time.Second)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "sesame")
}
