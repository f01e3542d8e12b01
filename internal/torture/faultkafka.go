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
	sleep(ctx, gone)
	return c.ground.kafka.Restart(ctx)
}

// kafkaMidTransaction lets every connection carry a few thousand bytes, or live
// for a moment, and then break off: somewhere in a transaction, as each takes
// several requests and some tens of kilobytes.
func kafkaMidTransaction(ctx context.Context, c *cell, window time.Duration) error {
	way := c.ground.toKafka
	err := rounds(ctx, window, func(n int) error {
		direction := [...]string{"upstream", "downstream"}[c.dice.IntN(2)]
		var t toxic
		switch n % 3 {
		case 0:
			t = toxic{Type: "limit_data", Stream: direction, Attributes: map[string]int{"bytes": 300 + c.dice.IntN(100_000)}}
		case 1:
			t = toxic{Type: "reset_peer", Stream: direction, Attributes: map[string]int{"timeout": 20 + c.dice.IntN(500)}}
		default:
			t = toxic{Type: "timeout", Stream: direction, Attributes: map[string]int{"timeout": 200 + c.dice.IntN(800)}}
		}
		if err := way.replace(t); err != nil {
			return err
		}
		sleep(ctx, time.Second)
		if n%4 == 3 { // a moment in which something can get through
			if err := way.mend(); err != nil {
				return err
			}
			sleep(ctx, time.Second)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return way.mend()
}

func kafkaSlow(ctx context.Context, c *cell, window time.Duration) error {
	if err := c.ground.toKafka.poison(slow(100, 200)...); err != nil {
		return err
	}
	sleep(ctx, window)
	return c.ground.toKafka.mend()
}

func kafkaHalfOpen(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(int) error {
		c.progress(ctx)
		if err := c.ground.toKafka.poison(both("timeout", map[string]int{"timeout": 0})...); err != nil {
			return err
		}
		sleep(ctx, 2*leaseTTL)
		err := c.ground.toKafka.mend()
		sleep(ctx, 2*time.Second)
		return err
	})
}
