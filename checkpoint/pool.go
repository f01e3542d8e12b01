package checkpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolConfig is how a daemon connects: url as libpq takes it, under the
// incarnation's own application name, with sessions that neither outlive a
// vanished process nor hold a row lock for longer than a lease. A url that
// sets pool_max_conns or connect_timeout has its way.
//
// An error never contains the password.
func PoolConfig(url, incarnation string, ttl time.Duration) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		// A commit and a relay for each of eight shards would fit; a keeper's
		// beat has a connection of its own and never queues behind them.
		config.MaxConns = 18
	}
	conn := config.ConnConfig
	conn.RuntimeParams["application_name"] = ApplicationName(incarnation)
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = min(max(ttl/3, time.Second), 10*time.Second)
	}
	conn.DialFunc = dialer(ttl).DialContext
	settings := sessionSettings(ttl)
	next := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		// Not startup parameters: a pooler refuses those it does not know.
		if _, err := c.Exec(ctx, settings); err != nil {
			return fmt.Errorf("set up a database session: %w", err)
		}
		if next != nil {
			return next(ctx, c)
		}
		return nil
	}
	return config, nil
}

// sessionSettings are statements without arguments, so one round trip. None of a
// daemon's queries runs for so long that compiling it would pay.
func sessionSettings(ttl time.Duration) string {
	ms := func(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }
	return "SET synchronous_commit = on; SET timezone = 'UTC'; SET jit = off" +
		"; SET lock_timeout = " + ms(ttl/3) +
		"; SET idle_in_transaction_session_timeout = " + ms(ttl*2/3) +
		"; SET statement_timeout = " + ms(max(4*ttl, time.Minute)) +
		// The server's side of a connection whose client's machine is gone.
		// Sockets without these options (a Unix socket) ignore them.
		"; SET tcp_keepalives_idle = " + secs(ttl/3) +
		"; SET tcp_keepalives_interval = " + secs(ttl/6) +
		"; SET tcp_keepalives_count = 3" +
		"; SET tcp_user_timeout = " + ms(max(ttl, time.Second))
}

func secs(d time.Duration) string { return strconv.FormatInt(int64(max(1, d/time.Second)), 10) }

func dialer(ttl time.Duration) *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{
			Enable:   true,
			Idle:     max(ttl/3, time.Second),
			Interval: max(ttl/6, time.Second),
			Count:    3,
		},
		Control: giveUpUnacknowledged(max(ttl, time.Second)),
	}
}

// ApplicationName is the application_name of every connection of an
// incarnation. Postgres cuts names at 63 bytes and replaces what is not ASCII;
// two incarnations must not become one that way, or a claimant would end the
// backends of the wrong one. Such a name goes by its hash.
func ApplicationName(incarnation string) string {
	const prefix, room = "aslogd/", 63 - len("aslogd/")
	plain := len(incarnation) <= room
	for i := 0; i < len(incarnation); i++ {
		plain = plain && incarnation[i] > ' ' && incarnation[i] < 0x7f
	}
	if plain {
		return prefix + incarnation
	}
	sum := sha256.Sum256([]byte(incarnation))
	return prefix + hex.EncodeToString(sum[:16])
}
