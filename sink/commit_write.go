package sink

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"aslogd/ingest/action"
)

var (
	//go:embed sql/commit_change.sql
	changeSQL string
	//go:embed sql/commit_change_one.sql
	changeOneSQL string
	//go:embed sql/commit_note.sql
	noteSQL string
	//go:embed sql/commit_clear_instance.sql
	clearInstanceSQL string
	//go:embed sql/commit_clear_load_balancer.sql
	clearLoadBalancerSQL string
	//go:embed sql/commit_clear_reason.sql
	clearReasonSQL string
)

// writeActions writes journal rows and the tables that show their present.
// Changed actions are updated in place, and their children replaced.
func (c *Committer) writeActions(ctx context.Context, tx pgx.Tx, a *attempt) error {
	var revised, fresh []*change
	var changed, noted []*change
	for i := range a.changes {
		switch ch := &a.changes[i]; {
		case ch.note():
			noted = append(noted, ch)
		case ch.row == nil:
		case ch.stored == nil:
			fresh, revised = append(fresh, ch), append(revised, ch)
		default:
			changed, revised = append(changed, ch), append(revised, ch)
		}
	}
	if err := c.updateActions(ctx, tx, a.end.at, changed, noted); err != nil {
		return err
	}
	w := &inserter{tx: tx}
	instances := children(revised, func(a *action.Action) []action.Instance { return a.Instances })
	balancers := children(revised, func(a *action.Action) []action.LoadBalancer { return a.LoadBalancers })
	reasons := children(revised, func(a *action.Action) []action.Reason { return a.Reasons })
	if err := write(ctx, w, "journal", journalColumns, revised, journalTuple); err != nil {
		return err
	}
	if err := write(ctx, w, "scaling_action", actionColumns, fresh, actionTuple); err != nil {
		return err
	}
	if err := write(ctx, w, "scaling_action_instance", instanceColumns, instances, instanceTuple); err != nil {
		return err
	}
	if err := write(ctx, w, "scaling_action_load_balancer", loadBalancerColumns, balancers, loadBalancerTuple); err != nil {
		return err
	}
	if err := write(ctx, w, "scaling_action_reason", reasonColumns, reasons, reasonTuple); err != nil {
		return err
	}
	return w.flush(ctx)
}

// updateActions brings the rows of changed actions up to date, takes their
// children out, and notes what is to be remembered of dropped answers. A row that
// somebody else writes at this moment, for whom no lock of ours is meant, may not be
// found: then the journal must not have the revision either, until it is tried again.
func (c *Committer) updateActions(ctx context.Context, tx pgx.Tx, at time.Time, changed, noted []*change) error {
	b := &pgx.Batch{}
	queue := func(sql string, some []*change) {
		groups, actions := columns(keysOf(some))
		b.Queue(sql, changeArrays(some, pgx.NamedArgs{
			"groups": groups, "actions": actions, "recorded_at": at, "shard": c.lease.Shard, "epoch": c.lease.Epoch,
		})).Exec(func(tag pgconn.CommandTag) error {
			if n := int(tag.RowsAffected()); n != len(some) {
				return fmt.Errorf("%d of %d rows were found: others were written by somebody else", n, len(some))
			}
			return nil
		})
	}
	switch {
	case len(changed) > few:
		queue(changeSQL, changed)
	default:
		for i := range changed {
			queue(changeOneSQL, changed[i:i+1])
		}
	}
	queueClears(b, changed)
	if len(noted) > 0 {
		groups, actions := columns(keysOf(noted))
		b.Queue(noteSQL, pgx.NamedArgs{
			"groups": groups, "actions": actions,
			"hashes":       column(noted, func(ch *change) []byte { return ch.final.hash }),
			"stale_hashes": column(noted, func(ch *change) []byte { return ch.final.staleHash }),
			"stale_sinces": column(noted, func(ch *change) *time.Time { return ch.final.since() }),
		})
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("update %d changed actions and %d notes: %w", len(changed), len(noted), err)
	}
	return nil
}

// queueClears takes the children of changed actions out. For a few it asks one by
// one: what looks up arrays of keys is planned anew each time, which takes longer.
func queueClears(b *pgx.Batch, changed []*change) {
	groups, actions := columns(keysOf(changed))
	if len(changed) > few {
		for _, sql := range []string{clearInstanceSQL, clearLoadBalancerSQL, clearReasonSQL} {
			b.Queue(sql, pgx.NamedArgs{"groups": groups, "actions": actions})
		}
		return
	}
	for i := range changed {
		for _, table := range []string{"instance", "load_balancer", "reason"} {
			b.Queue("DELETE FROM aslog.scaling_action_"+table+" WHERE group_id = @group AND action_id = @action",
				pgx.NamedArgs{"group": groups[i], "action": actions[i]})
		}
	}
}

func changeArrays(changed []*change, args pgx.NamedArgs) pgx.NamedArgs {
	args["revisions"] = column(changed, func(ch *change) int64 { return ch.row.Revision })
	args["projects"] = column(changed, func(ch *change) string { return ch.row.ProjectID })
	args["statuses"] = column(changed, func(ch *change) *string { return ch.row.Status })
	args["types"] = column(changed, func(ch *change) *string { return ch.row.Type })
	args["starts"] = column(changed, func(ch *change) *time.Time { return ch.row.StartTime })
	args["ends"] = column(changed, func(ch *change) *time.Time { return ch.row.EndTime })
	args["instances"] = column(changed, func(ch *change) *int64 { return ch.row.InstanceValue })
	args["desires"] = column(changed, func(ch *change) *int64 { return ch.row.DesireValue })
	args["scalings"] = column(changed, func(ch *change) *int64 { return ch.row.ScalingValue })
	args["descriptions"] = column(changed, func(ch *change) *string { return ch.chosen.seen.Description })
	args["seqs"] = column(changed, func(ch *change) int64 { return ch.row.Seq })
	args["hashes"] = column(changed, func(ch *change) []byte { return ch.row.ContentHash })
	args["opens"] = column(changed, func(ch *change) bool { return ch.chosen.seen.Open() })
	args["asked"] = column(changed, func(ch *change) time.Time { return micro(ch.chosen.seen.Asked) })
	args["former"] = column(changed, func(ch *change) []byte { return ch.former })
	args["stale_hashes"] = column(changed, func(ch *change) []byte { return ch.final.staleHash })
	args["stale_sinces"] = column(changed, func(ch *change) *time.Time { return ch.final.since() })
	return args
}

// column is one value of every element, for one array parameter.
func column[E, T any](of []E, value func(E) T) []T {
	values := make([]T, len(of))
	for i, e := range of {
		values[i] = value(e)
	}
	return values
}

func keysOf(changes []*change) []key {
	return column(changes, func(ch *change) key { return ch.key })
}

// A child is one row of a child table, and whose it is.
type child[T any] struct {
	key key
	of  *T
}

// children are the rows of one child table, of all the actions.
func children[T any](revised []*change, list func(*action.Action) []T) []child[T] {
	var all []child[T]
	for _, ch := range revised {
		of := list(ch.chosen.seen.Action)
		for i := range of {
			all = append(all, child[T]{ch.key, &of[i]})
		}
	}
	return all
}
