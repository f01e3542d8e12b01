package asapi

import (
	"context"
	"time"
)

// How long a request of the budget keeps while there is no room for its answer,
// and how long room is kept for want of a request.
const (
	fresh    = time.Second
	patience = 10 * time.Second
)

// admit waits for a request of the budget and for room for its answer. Where
// the wait for room was long, as while Postgres takes nothing, the request is
// taken anew: those of everyone who waited would otherwise go out in one burst.
// Room is not kept for as long as a source is paused, since other sources need
// it too.
func (c *Client) admit(ctx context.Context, call call, n int64) (*hold, error) {
	for {
		if err := c.wait(ctx, call); err != nil {
			return nil, err
		}
		began := time.Now()
		held, err := c.cfg.Memory.hold(ctx, n)
		if err != nil || c.cfg.Budget == nil || time.Since(began) < fresh {
			return held, err
		}
		short, cancel := context.WithTimeout(ctx, patience)
		err = c.wait(short, call)
		cancel()
		if err == nil {
			return held, nil
		}
		held.release()
		if ctx.Err() != nil {
			return nil, err
		}
	}
}

func (c *Client) wait(ctx context.Context, call call) error {
	if c.cfg.Budget == nil {
		return nil
	}
	began := time.Now()
	if err := c.cfg.Budget.Wait(ctx, call.class, call.due); err != nil {
		return err
	}
	c.cfg.Metrics.waited(time.Since(began))
	return nil
}
