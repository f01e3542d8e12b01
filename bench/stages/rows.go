package stages

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Rows are what a backfill wrote, as the binary text of COPY, cut into chunks
// that are written in one transaction each.
type Rows struct {
	Actions int
	chunks  [][]rowsOf
}

// rowsOf are a chunk's rows of one table.
type rowsOf struct {
	table string
	text  []byte
}

// tables are those that an action is written to, with how to find the rows of
// the journal's rows of shard %[1]d from seq %[2]d to %[3]d.
var tables = []struct{ name, query string }{
	{"journal", "SELECT t.* FROM aslog.journal t WHERE shard = %[1]d AND seq BETWEEN %[2]d AND %[3]d ORDER BY seq"},
	{"scaling_action", "SELECT t.* FROM aslog.scaling_action t WHERE shard = %[1]d AND seq BETWEEN %[2]d AND %[3]d ORDER BY seq"},
	{"scaling_action_instance", child("scaling_action_instance")},
	{"scaling_action_load_balancer", child("scaling_action_load_balancer")},
	{"scaling_action_reason", child("scaling_action_reason")},
}

func child(table string) string {
	return "SELECT t.* FROM aslog." + table + " t JOIN aslog.scaling_action a USING (group_id, action_id) " +
		"WHERE a.shard = %[1]d AND a.seq BETWEEN %[2]d AND %[3]d ORDER BY a.seq"
}

const chunk = 5000 // journal rows, as many as a large commit of the daemon's

// Take reads the rows that a backfill left in a database.
func Take(ctx context.Context, db *pgx.Conn) (*Rows, error) {
	heads, err := db.Query(ctx, "SELECT shard, head_seq FROM aslog.shard_head WHERE head_seq > 0 ORDER BY shard")
	if err != nil {
		return nil, fmt.Errorf("ask for the journal's heads: %w", err)
	}
	type head struct{ Shard, Seq int64 }
	all, err := pgx.CollectRows(heads, pgx.RowToStructByPos[head])
	if err != nil {
		return nil, fmt.Errorf("ask for the journal's heads: %w", err)
	}
	rows := &Rows{}
	for _, h := range all {
		rows.Actions += int(h.Seq)
		for first := int64(1); first <= h.Seq; first += chunk {
			last := min(h.Seq, first+chunk-1)
			var c []rowsOf
			for _, t := range tables {
				var text bytes.Buffer
				if _, err := db.PgConn().CopyTo(ctx, &text, fmt.Sprintf("COPY ("+t.query+") TO STDOUT (FORMAT binary)", h.Shard, first, last)); err != nil {
					return nil, fmt.Errorf("take the rows of %s: %w", t.name, err)
				}
				c = append(c, rowsOf{t.name, text.Bytes()})
			}
			rows.chunks = append(rows.chunks, c)
		}
	}
	return rows, nil
}

const writers = 4

// Copy writes the rows into the tables of a fresh database.
func (r *Rows) Copy(ctx context.Context, url string) error {
	tasks, ctx := errgroup.WithContext(ctx)
	work := make(chan []rowsOf)
	for range writers {
		tasks.Go(func() error {
			db, err := pgx.Connect(ctx, url)
			if err != nil {
				return fmt.Errorf("connect to write: %w", err)
			}
			defer db.Close(context.WithoutCancel(ctx))
			for c := range work {
				if err := write(ctx, db, c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	tasks.Go(func() error {
		defer close(work)
		for _, c := range r.chunks {
			select {
			case work <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return tasks.Wait()
}

func write(ctx context.Context, db *pgx.Conn, c []rowsOf) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		for _, rows := range c {
			if _, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(rows.text), "COPY aslog."+rows.table+" FROM STDIN (FORMAT binary)"); err != nil {
				return fmt.Errorf("copy into %s: %w", rows.table, err)
			}
		}
		return nil
	})
}
