package ground

import (
	"context"
	"time"
)

// Spending is what a daemon took and caused up to some moment.
type Spending struct {
	Daemon, Postgres time.Duration // CPU
	Requests         int           // for logs and lists
}

// Spent reads it, while the daemon runs.
func (g *Ground) Spent(ctx context.Context, p *Process, cloud *Cloud) (s Spending, err error) {
	costs, err := g.Meter.Read()
	if err != nil {
		return s, err
	}
	counts, err := cloud.Counts(ctx)
	if err != nil {
		return s, err
	}
	s.Postgres, s.Requests = costs.Postgres, counts.Logs+counts.Groups
	s.Daemon, err = g.Meter.Process(p.PID())
	return s, err
}

// Pause waits; an error is ctx's.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
