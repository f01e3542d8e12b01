package checkpoint_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

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
