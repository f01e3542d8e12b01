package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func postgresKilled(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(int) error {
		c.progress(ctx)
		sleep(ctx, time.Duration(c.dice.IntN(500))*time.Millisecond)
		c.hitIf(c.connected(ctx))
		c.ground.pg.Kill()
		sleep(ctx, time.Second)
		if err := c.restartPostgres(ctx); err != nil {
			return err
		}
		sleep(ctx, 3*time.Second)
		return nil
	})
}

func (c *cell) restartPostgres(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return c.ground.pg.Restart(ctx)
}

func postgresSlow(ctx context.Context, c *cell, window time.Duration) error {
	for _, way := range c.ground.toPG {
		if err := way.poison(slow(50, 400)...); err != nil {
			return err
		}
	}
	head := c.head(ctx)
	c.through(ctx, window, func(ctx context.Context) bool {
		before := head
		head = c.head(ctx)
		return head > before
	})
	return mendAll(c.ground.toPG)
}

func slow(milliseconds, kilobytes int) []toxic {
	return append(both("latency", map[string]int{"latency": milliseconds, "jitter": milliseconds / 2}),
		both("bandwidth", map[string]int{"rate": kilobytes})...)
}

func mendAll(ways []*proxy) error {
	var errs []error
	for _, way := range ways {
		errs = append(errs, way.mend())
	}
	return errors.Join(errs...)
}

// postgresAway is a network that is down for longer than two lease times.
func postgresAway(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(int) error {
		c.progress(ctx)
		c.hitIf(c.connected(ctx))
		for _, way := range c.ground.toPG {
			way.cut()
		}
		sleep(ctx, 2*leaseTTL+leaseTTL/2)
		err := mendAll(c.ground.toPG)
		sleep(ctx, 2*time.Second)
		return err
	})
}

// postgresResets has connections live for less than a second, then fall silent
// without an end.
func postgresResets(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(int) error {
		for _, way := range c.ground.toPG {
			life := 200 + c.dice.IntN(800)
			if err := way.replace(toxic{Type: "reset_peer", Stream: "downstream", Attributes: map[string]int{"timeout": life}}); err != nil {
				return err
			}
		}
		sleep(ctx, 2*time.Second)
		if err := mendAll(c.ground.toPG); err != nil {
			return err
		}
		sleep(ctx, 2*time.Second)
		c.hitIf(c.connected(ctx))
		for _, way := range c.ground.toPG {
			if err := way.poison(both("timeout", map[string]int{"timeout": 0})...); err != nil {
				return err
			}
		}
		sleep(ctx, leaseTTL+time.Second)
		return mendAll(c.ground.toPG)
	})
}

// postgresConnections has somebody take every connection, ending the daemon's
// for it, hold them for longer than a lease, and let go.
func postgresConnections(ctx context.Context, c *cell, window time.Duration) error {
	address := fmt.Sprintf("postgres://%[1]s:%[1]s@%[2]s/%[3]s?sslmode=disable", writer, hostOf(c.ground.pg.URL), c.name)
	return rounds(ctx, window, func(int) error {
		c.progress(ctx)
		var hoard []*pgx.Conn
		defer func() {
			for _, conn := range hoard {
				_ = conn.Close(ctx)
			}
		}()
		full, end := 0, time.Now().Add(30*time.Second)
		for time.Now().Before(end) && ctx.Err() == nil {
			conn, err := pgx.Connect(ctx, address)
			var refused *pgconn.PgError
			switch {
			case err == nil:
				hoard = append(hoard, conn)
			case errors.As(err, &refused) && refused.Code == "53300":
				c.hit()
				if full++; full == 1 {
					end = time.Now().Add(leaseTTL + 2*time.Second)
				}
				_, _ = c.number(ctx, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'aslogd/%'")
				sleep(ctx, 50*time.Millisecond)
			default:
				return fmt.Errorf("take connections: %w", err)
			}
		}
		if full < 3 {
			c.problem("Postgres was out of connections %d times only", full)
		}
		sleep(ctx, time.Second)
		return nil
	})
}
