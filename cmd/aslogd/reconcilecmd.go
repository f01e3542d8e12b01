package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
	"aslogd/history"
)

// mostNamed is how many differences are printed; the table has all of them.
const mostNamed = 100

type reconcileCmd struct {
	From   Moment   `help:"First moment to compare: RFC 3339, or an age such as 7d; 24 hours ago by default."`
	To     Moment   `help:"End of the span, not in it; now by default."`
	Group  []string `help:"Group to compare; repeat it or use commas. Every living one by default."`
	Repair bool     `help:"Store what is missing, and try quarantined records again."`
}

func (reconcileCmd) Help() string {
	return `Reads a span again and compares it with what is stored; the daemon that holds a
group's shard does it, behind everything more urgent. It names what is missing,
what differs, and what the API no longer shows (with the evidence where that is
retention: then nothing is wrong, and nothing is ever deleted). What is newer than
the newest covered moment is lag, and no difference; what the daemon itself stores
within one poll interval is none either.

Without --repair nothing that is stored changes. With it, what is missing or
differs is committed as at any other read, and quarantined records that have an id
are asked for again. It exits 3 on a difference that is not repaired.

Example:

  aslogd reconcile --from 7d --repair`
}

func (r reconcileCmd) Run(ctx context.Context, environ Env, out io.Writer) error {
	span, err := spanOf(r.From, r.To, 24*time.Hour, time.Now())
	if err != nil {
		return err
	}
	_, pool, err := openDatabase(ctx, environ, "reconcile")
	if err != nil {
		return err
	}
	defer pool.Close()
	groups, err := groupsOf(ctx, pool, r.Group)
	if err != nil {
		return err
	}
	store := &checkpoint.Store{Pool: pool}
	id, err := store.AddOperation(ctx, checkpoint.CommandReconcile, span, groups, map[string]any{
		"from": span.From, "to": span.To, "groups": r.Group, "all": len(r.Group) == 0, "repair": r.Repair,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "operation %d: %s of %s will be compared\n", id, span, count(len(groups), "group", "groups"))
	o, err := follow(ctx, pool, id, out)
	if err != nil {
		return err
	}
	if err := printDifferences(ctx, pool, o, out); err != nil {
		return err
	}
	return outcomeError(o)
}

func printDifferences(ctx context.Context, pool *pgxpool.Pool, o history.Operation, out io.Writer) error {
	found, err := history.Differences(ctx, pool, o.ID, mostNamed)
	if err != nil {
		return err
	}
	for _, d := range found {
		state := ""
		if d.Repaired {
			state = " (stored by now)"
		}
		fmt.Fprintf(out, "  %s: group %s, action %s, started %s: %s%s\n", d.Kind, d.Group, d.Action, clock(d.Start), d.Detail, state)
	}
	if more := o.Differences - int64(len(found)); more > 0 {
		fmt.Fprintf(out, "  and %d more: see aslog.operation_difference, operation_id %d\n", more, o.ID)
	}
	return nil
}
