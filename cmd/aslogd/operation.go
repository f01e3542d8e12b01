package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
	"aslogd/history"
	"aslogd/migrations"
)

// openDatabase is for commands that need Postgres alone, with a schema in it.
func openDatabase(ctx context.Context, environ Env, name string) (*Config, *pgxpool.Pool, error) {
	c, err := Load(environ, "database")
	if err != nil {
		return nil, nil, err
	}
	pool, err := newPool(ctx, c, name)
	if err != nil {
		return nil, nil, err
	}
	state, err := migrations.Check(ctx, pool)
	switch {
	case err == nil && state == migrations.Missing:
		err = errors.New("there is no schema aslog in this database: run `aslogd migrate`")
	case err == nil && state == migrations.Older:
		err = errors.New("the schema is older than this aslogd: run `aslogd migrate`")
	}
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return c, pool, nil
}

// spanOf is the span on whole seconds that two flags name; to is now where it
// was not given.
func spanOf(from, to Moment, otherwise time.Duration, now time.Time) (span checkpoint.Span, err error) {
	span = checkpoint.Span{From: from.Time(now), To: to.Time(now)}
	if span.From.IsZero() {
		span.From = now.Add(-otherwise)
	}
	if span.To.IsZero() || span.To.After(now) {
		span.To = now
	}
	span.From, span.To = span.From.UTC().Truncate(time.Second), span.To.UTC().Truncate(time.Second)
	if span.Empty() {
		return span, usageError(fmt.Sprintf("--from %s is not before --to %s", span.From.Format(time.RFC3339), span.To.Format(time.RFC3339)))
	}
	return span, nil
}

// groupsOf are the groups that were named, which must be known and configured, or
// else all that are and live.
func groupsOf(ctx context.Context, pool *pgxpool.Pool, named []string) ([]string, error) {
	rows, err := history.GroupIDs(ctx, pool)
	if err != nil {
		return nil, err
	}
	var groups, unknown, unread []string
	for _, g := range rows {
		if len(named) == 0 && g.Living && g.Named {
			groups = append(groups, g.ID)
		}
	}
	for _, id := range named {
		if i := slices.IndexFunc(rows, func(g history.Known) bool { return g.ID == id }); i < 0 {
			unknown = append(unknown, id)
		} else if !rows[i].Named {
			unread = append(unread, id)
		} else if !slices.Contains(groups, id) {
			groups = append(groups, id)
		}
	}
	switch {
	case len(unknown) > 0:
		return nil, usageError("no such group: " + strings.Join(unknown, ", "))
	case len(unread) > 0:
		return nil, usageError("not read, since " + Prefix + "SOURCE_n_GROUPS names other groups: " + strings.Join(unread, ", "))
	case len(groups) == 0:
		return nil, errors.New("no group is known yet: the daemon finds them")
	}
	return groups, nil
}

// follow shows how far an operation is until it has ended: on a terminal as a
// bar, elsewhere in lines. Postgres may be away for a while; the end of ctx
// ends the following, not the operation.
func follow(ctx context.Context, pool *pgxpool.Pool, id int64, out io.Writer) (history.Operation, error) {
	bar := isTerminal(out)
	var last string
	var shown time.Time
	for {
		o, err := history.Named(ctx, pool, id)
		switch {
		case ctx.Err() != nil:
			if bar {
				fmt.Fprintln(out)
			}
			return o, fmt.Errorf("stopped waiting; operation %d goes on: see `aslogd status`", id)
		case errors.Is(err, history.ErrNoOperation):
			return o, err
		case err != nil:
			fmt.Fprintln(out, "cannot be asked at the moment:", err)
		case bar:
			fmt.Fprintf(out, "\r\x1b[K%s %s", drawBar(o.Read, 20), cutText(operationLine(o), 95))
		default:
			if line := operationLine(o); line != last && (time.Since(shown) >= 5*time.Second || o.Outcome != nil) {
				fmt.Fprintln(out, line)
				last, shown = line, time.Now()
			}
		}
		if err == nil && o.Outcome != nil {
			if bar {
				fmt.Fprintln(out)
			}
			return o, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// cutText keeps a line that is drawn over on one line of the screen.
func cutText(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func drawBar(share float64, width int) string {
	full := min(width, int(share*float64(width)))
	return "[" + strings.Repeat("█", full) + strings.Repeat("·", width-full) + "]"
}

// operationLine says in one line how far an operation is.
func operationLine(o history.Operation) string {
	words := []string{fmt.Sprintf("operation %d (%s):", o.ID, o.Command)}
	if o.Outcome == nil {
		words = append(words, fmt.Sprintf("%d %% read,", int(o.Read*100)))
	}
	words = append(words, fmt.Sprintf("%d of %s, %s, %s read, %s new, %s changed",
		o.Ended, count(o.Groups, "group", "groups"), count(int(o.Requests), "request", "requests"),
		count(int(o.Rows), "row", "rows"), history.Thousands(o.New), history.Thousands(o.Changed)))
	if o.Command == checkpoint.CommandReconcile {
		words = append(words, fmt.Sprintf(", %s, %d not repaired", count(int(o.Differences), "difference", "differences"), o.NotRepaired))
	}
	if o.Begun == 0 && o.Outcome == nil {
		words = append(words, "; waits for a daemon to take it up")
	}
	if o.Failing > 0 && o.Failure != nil {
		words = append(words, fmt.Sprintf("; fails for %s and is tried again: %s", count(o.Failing, "group", "groups"), *o.Failure))
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.Join(words, " "), " ,", ","), " ;", ";")
}

// outcome turns how an operation ended into how its command ends.
func outcomeError(o history.Operation) error {
	switch {
	case o.Outcome != nil && strings.HasPrefix(*o.Outcome, "cancelled"):
		return fmt.Errorf("operation %d was %s", o.ID, *o.Outcome)
	case o.Failed > 0:
		return fmt.Errorf("operation %d failed for %d of %s: %s", o.ID, o.Failed, count(o.Groups, "group", "groups"), *o.Failure)
	case o.NotRepaired > 0:
		return foundError(fmt.Sprintf("%s not repaired", count(int(o.NotRepaired), "difference is", "differences are")))
	case o.Unproved > 0:
		return foundError(count(int(o.Unproved), "piece", "pieces") + " could not be proved: see aslog.gap and aslog.scan")
	}
	return nil
}
