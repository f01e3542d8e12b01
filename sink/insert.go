package sink

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// few is up to how many rows of a table are inserted one by one. Postgres parses
// and plans each COPY anew, which takes it longer than to run a prepared INSERT
// for as many; and COPYs go out one after the other, INSERTs all at once: together
// they stand in memory, so that rows which take more than fewBytes are copied, of
// which memory holds one at a time.
const (
	few      = 8
	fewBytes = 256 << 10
)

// An inserter writes new rows of one transaction.
type inserter struct {
	tx      pgx.Tx
	inserts pgconn.Batch
	queued  int
}

// write writes rows into a table, by COPY where they are many or large. What is
// few is written by the flush.
func write[E any](ctx context.Context, w *inserter, table string, columns []string, rows []E, put func(*tuple, E)) error {
	_, simulated := w.tx.(copier)
	switch {
	case len(rows) == 0:
		return nil
	case simulated || len(rows) > few:
		return copyRows(ctx, w.tx, table, columns, rows, put)
	}
	tuples, size := make([]tuple, len(rows)), 0
	for i, row := range rows {
		tuples[i].b = make([]byte, 0, 512)
		put(&tuples[i], row)
		if size += len(tuples[i].b); size > fewBytes {
			return copyRows(ctx, w.tx, table, columns, rows, put)
		}
	}
	places := make([]string, len(columns))
	for i := range places {
		places[i] = "$" + strconv.Itoa(i+1)
	}
	sql := "INSERT INTO aslog." + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")"
	statement, err := w.tx.Conn().Prepare(ctx, sql, sql) // a session does it once
	if err != nil {
		return fmt.Errorf("prepare to insert into %s: %w", table, err)
	}
	for i := range tuples {
		w.inserts.ExecPrepared(statement.Name, tuples[i].values(), []int16{pgx.BinaryFormatCode}, nil)
		w.queued++
	}
	return nil
}

// flush writes what was left to it, in one round trip.
func (w *inserter) flush(ctx context.Context) error {
	if w.queued == 0 {
		return nil
	}
	if err := w.tx.Conn().PgConn().ExecBatch(ctx, &w.inserts).Close(); err != nil {
		return fmt.Errorf("insert %d rows: %w", w.queued, err)
	}
	return nil
}

// values are the fields of a tuple as a statement's parameters, which have the
// same binary form; nil is NULL.
func (t *tuple) values() [][]byte {
	values := make([][]byte, binary.BigEndian.Uint16(t.b))
	rest := t.b[2:]
	for i := range values {
		n := binary.BigEndian.Uint32(rest)
		rest = rest[4:]
		if n != null {
			values[i], rest = rest[:n:n], rest[n:]
		}
	}
	return values
}
