package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"aslogd/checkpoint"
	"aslogd/history"
)

type backfillCmd struct {
	From   Moment   `help:"First moment to read again: RFC 3339, or an age such as 90d."`
	To     Moment   `help:"End of the span, not in it; now by default."`
	Group  []string `help:"Group to read; repeat it or use commas."`
	All    bool     `help:"Read every living group."`
	Wait   bool     `help:"Wait for the end, and show how far it is."`
	DryRun bool     `help:"Say how many requests it takes and how long, and ask for nothing."`
	Cancel int64    `placeholder:"N" help:"End operation N, a backfill or a reconcile, instead of asking for one."`
}

func (backfillCmd) Help() string {
	return `Asks for a span to be read again. The daemon that holds a group's shard reads it,
oldest first and behind everything more urgent; a daemon that ends leaves the rest
to the next. What is stored already makes no row and no event. With --wait it
exits 3 when a part of the span could not be proved, and 1 when a group failed.

--dry-run reckons from what is stored, and sends no request: where a part of the
span has never been read, it takes the group's actions to be as dense there as
where it has.

Where --from is earlier than what was wanted of a group before, the group is wanted
from there on afterwards: what the API no longer shows is seen as a gap.

--cancel ends an operation, by the number that it was given; aslogd status has it
too. What was stored by then stays.

Example:

  aslogd backfill --from 90d --all --wait
  aslogd backfill --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --group ID`
}

func (b backfillCmd) Run(ctx context.Context, environ Env, out io.Writer) error {
	if b.Cancel != 0 {
		return b.cancel(ctx, environ, out)
	}
	if b.From == (Moment{}) {
		return usageError("give --from")
	}
	if b.All == (len(b.Group) > 0) {
		return usageError("give either --group or --all")
	}
	now := time.Now()
	span, err := spanOf(b.From, b.To, 0, now)
	if err != nil {
		return err
	}
	c, pool, err := openDatabase(ctx, environ, "backfill")
	if err != nil {
		return err
	}
	defer pool.Close()
	groups, err := groupsOf(ctx, pool, b.Group)
	if err != nil {
		return err
	}
	if b.DryRun {
		estimates, err := history.Estimates(ctx, pool, span, groups)
		if err != nil {
			return err
		}
		printEstimate(out, c, span, estimates)
		return nil
	}
	store := &checkpoint.Store{Pool: pool}
	id, err := store.AddOperation(ctx, checkpoint.CommandBackfill, span, groups, map[string]any{
		"from": span.From, "to": span.To, "groups": b.Group, "all": b.All,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "operation %d: %s of %s will be read again\n", id, span, count(len(groups), "group", "groups"))
	if !b.Wait {
		return nil
	}
	o, err := follow(ctx, pool, id, out)
	if err != nil {
		return err
	}
	return outcomeError(o)
}

func (b backfillCmd) cancel(ctx context.Context, environ Env, out io.Writer) error {
	if b.From != (Moment{}) || b.To != (Moment{}) || len(b.Group) > 0 || b.All || b.Wait || b.DryRun {
		return usageError("--cancel takes no other flag")
	}
	_, pool, err := openDatabase(ctx, environ, "backfill")
	if err != nil {
		return err
	}
	defer pool.Close()
	err = (&checkpoint.Store{Pool: pool}).CancelOperation(ctx, b.Cancel)
	if errors.Is(err, checkpoint.ErrEnded) {
		return fmt.Errorf("operation %d is not under way", b.Cancel)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "operation %d cancelled; what it stored stays\n", b.Cancel)
	return nil
}

// printEstimate says what a backfill would cost. A source's requests a minute
// are known where its settings are; the contract's default stands in elsewhere.
func printEstimate(out io.Writer, c *Config, span checkpoint.Span, estimates []history.Estimate) {
	var longest time.Duration
	var requests int64
	for _, e := range estimates {
		perMinute, known := 40, false
		for _, s := range c.Sources {
			if s.Name == e.Source {
				perMinute, known = s.RequestsPerMinute, true
			}
		}
		requests += e.Requests
		fmt.Fprintf(out, "source %s: %s, about %s and %s", e.Source, count(e.Groups, "group", "groups"),
			count(int(e.Rows), "row", "rows"), count(int(e.Requests), "request", "requests"))
		if perMinute == 0 {
			fmt.Fprintln(out, "; the source is paused")
			continue
		}
		took := time.Duration(float64(e.Requests) / float64(perMinute) * float64(time.Minute))
		longest = max(longest, took)
		fmt.Fprintf(out, "; %s at %d requests a minute", history.Age(took.Seconds()), perMinute)
		if !known {
			fmt.Fprint(out, " (the default: the source's settings are not here)")
		}
		if e.Unread > 0 {
			fmt.Fprintf(out, "; %d %% of the time was never read, and is taken to be as dense as the rest", int(e.Unread*100+0.5))
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%s: about %s, %s if nothing else asks; nothing was asked for\n", span,
		count(int(requests), "request", "requests"), history.Age(longest.Seconds()))
}
