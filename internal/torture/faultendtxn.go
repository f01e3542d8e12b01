package main

import (
	"context"
	"errors"
	"time"
)

// kafkaEndTxn has the broker decide on transactions and tell nobody. In one
// round the daemon dies as soon as it has: before it could note in Postgres what
// was published. In the next it waits for the answer for longer than a lease,
// and the connection breaks.
func kafkaEndTxn(ctx context.Context, c *cell, window time.Duration) (err error) {
	way := c.ground.toKafka
	g, err := newGate(c.ground.kafka.Outside)
	if err != nil {
		return err
	}
	defer g.close()
	if err := way.lead(g.at()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, way.lead(c.ground.kafka.Outside)) }()
	return rounds(ctx, window, func(n int) error {
		g.set(true)
		defer g.set(false)
		select {
		case <-g.decided:
			c.hit()
		case <-time.After(10 * time.Second):
			return nil // nothing was published
		case <-ctx.Done():
			return ctx.Err()
		}
		if n%2 > 0 {
			sleep(ctx, leaseTTL+time.Second)
			return way.mend()
		}
		d := c.running()[0]
		d.kill()
		g.set(false)
		_, err := c.start(d.replica)
		sleep(ctx, time.Duration(c.dice.IntN(500))*time.Millisecond)
		return err
	})
}
