package main

import (
	"context"
	"fmt"
	"time"
)

// rounds runs round until the window is over, at least once.
func rounds(ctx context.Context, window time.Duration, round func(n int) error) error {
	for n, end := 0, time.Now().Add(window); n == 0 || time.Now().Before(end); n++ {
		if err := round(n); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// sigkill kills anywhere: in a commit, between commit and publication, in a
// transaction, between its end and the note of it. Each step that asks Postgres
// takes some milliseconds, so that no moment between two is too short to be hit.
func sigkill(ctx context.Context, c *cell, window time.Duration) error {
	way := c.ground.toPG[0]
	if err := way.poison(both("latency", map[string]int{"latency": 15, "jitter": 10})...); err != nil {
		return err
	}
	err := rounds(ctx, window, func(n int) error {
		c.progress(ctx)
		if sleep(ctx, time.Duration(c.dice.IntN(1000))*time.Millisecond); n%3 > 0 {
			c.publishing(ctx)
			sleep(ctx, time.Duration(c.dice.IntN(150))*time.Millisecond)
		}
		d := c.running()[0]
		d.kill()
		c.hit()
		_, err := c.start(d.replica)
		return err
	})
	if err != nil {
		return err
	}
	return way.mend()
}

// sigstop stops one replica and then the other; each time the one that runs
// must have taken over before the other wakes.
func sigstop(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(n int) error {
		c.progress(ctx)
		sleep(ctx, time.Duration(c.dice.IntN(300))*time.Millisecond)
		d := c.running()[n%2]
		if err := d.pause(); err != nil {
			return err
		}
		return c.takeOverAndWake(ctx, d)
	})
}

// takeOver is how long after a stop the other replica may take to have all
// shards: what the documentation promises, and a second for a busy machine.
const takeOver = 2*leaseTTL + time.Second

// takeOverAndWake waits until the stopped daemon has no shard any more, and for
// three lease times at least.
func (c *cell) takeOverAndWake(ctx context.Context, d *daemon) error {
	held, err := c.number(ctx, "SELECT count(*) FROM aslog.shard_head WHERE owner LIKE $1 || '/%'", d.name)
	if err != nil {
		return err
	}
	err = c.until(ctx, 7*leaseTTL, "the other replica takes over all shards", func() bool {
		n, err := c.number(ctx, "SELECT count(*) FROM aslog.shard_head WHERE owner IS NULL OR owner LIKE $1 || '/%'", d.name)
		return err == nil && n == 0
	})
	switch took := time.Since(d.paused); {
	case err != nil:
		c.problem("%v", err)
	case took > takeOver:
		c.problem("the other replica had all shards %s after the stop, not within %s", took.Round(100*time.Millisecond), takeOver)
	}
	c.hitIf(err == nil && held > 0)
	sleep(ctx, 3*leaseTTL-time.Since(d.paused))
	return d.wake()
}

// sigstopInCopy slows the way of one replica to Postgres down until one of its
// backends is seen in COPY, and stops the process there. The data that is still
// under way keeps the backend in COPY, whatever its timeouts say.
func sigstopInCopy(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(n int) error {
		d := c.running()[n%2]
		way := c.ground.toPG[d.replica]
		if err := way.poison(toxic{Type: "bandwidth", Stream: "upstream", Attributes: map[string]int{"rate": 8}}); err != nil {
			return err
		}
		inCopy := func() bool {
			n, err := c.number(ctx, `SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'aslogd/' || $1 || '/%'
				AND state = 'active' AND query ILIKE 'copy %' AND backend_type = 'client backend'`, d.name)
			return err == nil && n > 0
		}
		err := c.until(ctx, 30*time.Second, "the daemon is in the middle of COPY", func() bool {
			if !inCopy() {
				return false
			}
			if err := d.pause(); err != nil {
				return false
			}
			sleep(ctx, 300*time.Millisecond)
			if inCopy() {
				return true
			}
			_ = d.wake() // too late: it is over
			return false
		})
		if err != nil {
			return err
		}
		if err := c.takeOverAndWake(ctx, d); err != nil {
			return err
		}
		return way.mend()
	})
}

// threeReplicas kills one of three and has another one join, without pause.
func threeReplicas(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(int) error {
		c.progress(ctx)
		running := c.running()
		if len(running) != maxReplicas {
			return fmt.Errorf("%d replicas run", len(running))
		}
		d := running[c.dice.IntN(len(running))]
		d.kill()
		c.hit()
		sleep(ctx, time.Duration(500+c.dice.IntN(3000))*time.Millisecond)
		_, err := c.start(d.replica)
		return err
	})
}
