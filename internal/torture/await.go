package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/internal/verdict"
)

// number asks Postgres for one number, past the proxies.
func (c *cell) number(ctx context.Context, sql string, args ...any) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.pool.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("ask Postgres: %w", err)
	}
	return n, nil
}

func (c *cell) head(ctx context.Context) int64 {
	n, err := c.number(ctx, "SELECT sum(head_seq)::bigint FROM aslog.shard_head")
	if err != nil {
		return -1 // Postgres is away, which may be the fault
	}
	return n
}

// begun waits for the first rows of the backlog.
func (c *cell) begun(ctx context.Context) error {
	return c.until(ctx, 60*time.Second, "the daemon begins to store", func() bool { return c.head(ctx) > 0 })
}

// progress waits until something more is stored, for a few seconds at the most:
// faults hit where something goes on. False: nothing was.
func (c *cell) progress(ctx context.Context) bool {
	before := c.head(ctx)
	return c.until(ctx, 4*time.Second, "", func() bool { return c.head(ctx) > before }) == nil
}

// publishing waits until some rows are stored and not published yet, so that
// the relay is in the middle of it; for a few seconds at the most. False: none.
func (c *cell) publishing(ctx context.Context) bool {
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); {
		if c.waiting(ctx) {
			return true
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return false
		}
	}
	return false
}

func (c *cell) until(ctx context.Context, limit time.Duration, what string, done func() bool) error {
	for end := time.Now().Add(limit); !done(); {
		if err := c.ended(); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("after %s it is still to be that %s", limit, what)
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// ended is an error when a daemon ended that nobody ended.
func (c *cell) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.daemons {
		if !d.alive() && !d.meant {
			return fmt.Errorf("daemon %s ended by itself: %s", d.name, d.cmd.ProcessState)
		}
	}
	return nil
}

// catchUp waits until everything is stored, proved and published, and gives the
// last verdict also when that does not come to pass.
func (c *cell) catchUp(ctx context.Context, limit time.Duration) (v *verdict.Verdict, err error) {
	const behindSQL = `SELECT (SELECT sum(head_seq) FROM aslog.shard_head) - (SELECT sum(published_seq) FROM aslog.shard)
		+ (SELECT count(*) FROM aslog.gap WHERE reason = 'unproven' AND NOT $1)
		+ (SELECT count(*) FROM aslog.scaling_group g WHERE NOT EXISTS (SELECT FROM aslog.checkpoint c WHERE c.group_id = g.group_id AND NOT isempty(c.covered)))`
	// What has begun ends first, and what is late is shown.
	world := c.scenario.cloud
	sleep(ctx, max(world.Faults.LateBy, 2*world.Lasting)+time.Second)
	for end := time.Now().Add(limit); ; {
		if err := c.ended(); err != nil {
			return v, err
		}
		behind, err := c.number(ctx, behindSQL, c.scenario.gaps)
		if err == nil && behind == 0 {
			v, err = c.judge(ctx)
			if err == nil && (v.Good() || v.Extra+v.Repeated+v.Broken > 0) { // which does not mend by waiting
				return v, nil
			}
		}
		switch {
		case ctx.Err() != nil:
			return v, ctx.Err()
		case time.Now().After(end) && (err != nil || v == nil):
			if v, judged := c.judge(ctx); judged == nil {
				c.problem("after %s %d revisions or spans are still behind: %v", limit, behind, err)
				return v, nil
			}
			return v, errors.Join(fmt.Errorf("after %s %d revisions or spans are still behind", limit, behind), err)
		case time.Now().After(end):
			c.problem("after %s it has not caught up", limit)
			return v, nil
		}
		sleep(ctx, 500*time.Millisecond)
	}
}

// leftBehind notes sessions that outlive their daemon by more than Postgres
// takes to notice.
func (c *cell) leftBehind(ctx context.Context) {
	err := c.until(ctx, 15*time.Second, "the daemon's sessions end with it", func() bool {
		n, err := c.number(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'aslogd/%'")
		return err == nil && n == 0
	})
	if err != nil {
		c.problem("%v", err)
	}
}
