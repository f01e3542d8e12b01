package main

import (
	"context"
	"time"
)

func kafkaStopped(ctx context.Context, c *cell, window time.Duration) error {
	gone := time.Minute
	if c.short {
		gone = 10 * time.Second
	}
	c.progress(ctx)
	c.ground.kafka.Kill()
	c.through(ctx, gone, c.waiting)
	return c.ground.kafka.Restart(ctx)
}

// kafkaMidTransaction waits until transactions run and then breaks every
// connection in one of three ways: after some more bytes, at once, or so that
// requests still arrive and their answers do not. So answers are lost to whatever
// is under way, the end of a transaction too.
func kafkaMidTransaction(ctx context.Context, c *cell, window time.Duration) error {
	way := c.ground.toKafka
	return rounds(ctx, window, func(n int) error {
		sleep(ctx, 200*time.Millisecond)
		busy := c.publishing(ctx)
		sleep(ctx, time.Duration(c.dice.IntN(60))*time.Millisecond)
		var t toxic
		switch n % 3 {
		case 0:
			t = toxic{Type: "timeout", Stream: "downstream", Attributes: map[string]int{"timeout": 0}}
		case 1:
			t = toxic{Type: "limit_data", Stream: [...]string{"upstream", "downstream"}[c.dice.IntN(2)], Attributes: map[string]int{"bytes": 1 + c.dice.IntN(20_000)}}
		default:
			t = toxic{Type: "reset_peer", Stream: [...]string{"upstream", "downstream"}[c.dice.IntN(2)], Attributes: map[string]int{"timeout": c.dice.IntN(50)}}
		}
		if err := way.poison(t); err != nil {
			return err
		}
		c.hitIf(busy)
		sleep(ctx, 300*time.Millisecond)
		return way.mend()
	})
}

func kafkaSlow(ctx context.Context, c *cell, window time.Duration) error {
	if err := c.ground.toKafka.poison(slow(100, 200)...); err != nil {
		return err
	}
	c.through(ctx, window, c.waiting)
	return c.ground.toKafka.mend()
}

func kafkaHalfOpen(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(int) error {
		c.progress(ctx)
		if err := c.ground.toKafka.poison(both("timeout", map[string]int{"timeout": 0})...); err != nil {
			return err
		}
		sleep(ctx, 2*leaseTTL)
		c.hitIf(c.waiting(ctx))
		err := c.ground.toKafka.mend()
		sleep(ctx, 2*time.Second)
		return err
	})
}
