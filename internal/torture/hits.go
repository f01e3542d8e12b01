package main

import (
	"context"
	"time"

	"aslogd/internal/simulator"
)

// hit notes that the fault struck: that something went on which it disturbed. A
// cell whose fault never struck has shown nothing.
func (c *cell) hit() { c.hits++ }

// hitIf notes it where it did.
func (c *cell) hitIf(struck bool) {
	if struck {
		c.hit()
	}
}

// connected says whether daemons have sessions at Postgres.
func (c *cell) connected(ctx context.Context) bool {
	n, err := c.number(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'aslogd/%'")
	return err == nil && n > 0
}

// waiting says whether rows are stored and not published.
func (c *cell) waiting(ctx context.Context) bool {
	n, err := c.number(ctx, "SELECT count(*) FROM aslog.shard WHERE head_seq > published_seq")
	return err == nil && n > 0
}

// through lets a lasting fault act until the window is over, and counts how
// often something was seen to go on under it.
func (c *cell) through(ctx context.Context, window time.Duration, goesOn func(context.Context) bool) {
	for end := time.Now().Add(window); time.Now().Before(end); {
		c.hitIf(goesOn(ctx))
		if !sleep(ctx, 200*time.Millisecond) {
			return
		}
	}
}

// How often each kind of weather was met.
func refused(n simulator.Counts) int { return n.Refused }
func failed(n simulator.Counts) int  { return n.Failed }
func spoilt(n simulator.Counts) int  { return n.Spoilt }
func dropped(n simulator.Counts) int { return n.Dropped }
func stalled(n simulator.Counts) int { return n.Stalled }
func expired(n simulator.Counts) int { return n.Expired }
