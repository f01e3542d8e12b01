package sink

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A tuple is one row in the binary form of COPY: the number of its fields, then
// each with its length, −1 for NULL. A bigint has eight bytes, a timestamptz eight
// for the microseconds since 2000, a text and a json their bytes. Source: the
// PostgreSQL documentation, COPY, "Binary Format".
type tuple struct{ b []byte }

const (
	copyBegin = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // no flags, nothing more of a header
	copyEnd   = "\xff\xff"
	null      = ^uint32(0)
)

var epoch2000 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func (t *tuple) fields(n int)     { t.b = binary.BigEndian.AppendUint16(t.b, uint16(n)) }
func (t *tuple) length(n int)     { t.b = binary.BigEndian.AppendUint32(t.b, uint32(n)) }
func (t *tuple) null()            { t.b = binary.BigEndian.AppendUint32(t.b, null) }
func (t *tuple) int(v int64)      { t.length(8); t.b = binary.BigEndian.AppendUint64(t.b, uint64(v)) }
func (t *tuple) text(v string)    { t.length(len(v)); t.b = append(t.b, v...) }
func (t *tuple) time(v time.Time) { t.int(v.UnixMicro() - epoch2000) }

func (t *tuple) bool(v bool) {
	t.length(1)
	if v {
		t.b = append(t.b, 1)
	} else {
		t.b = append(t.b, 0)
	}
}

// bytes writes bytes; none at all is NULL.
func (t *tuple) bytes(v []byte) {
	if v == nil {
		t.null()
		return
	}
	t.length(len(v))
	t.b = append(t.b, v...)
}

// orNull writes a value, or NULL where there is none.
func orNull[T any](t *tuple, v *T, put func(*tuple, T)) {
	if v == nil {
		t.null()
	} else {
		put(t, *v)
	}
}

func (t *tuple) intp(v *int64)      { orNull(t, v, (*tuple).int) }
func (t *tuple) textp(v *string)    { orNull(t, v, (*tuple).text) }
func (t *tuple) timep(v *time.Time) { orNull(t, v, (*tuple).time) }

// A copySource is the text of one COPY, which is made as it is read: memory holds
// a row of it, however many there are.
type copySource[E any] struct {
	rows  []E
	put   func(*tuple, E)
	next  int // row; len(rows) is the end's mark
	tuple tuple
	at    int // in the tuple
}

func newCopySource[E any](rows []E, put func(*tuple, E)) *copySource[E] {
	return &copySource[E]{rows: rows, put: put, tuple: tuple{b: append(make([]byte, 0, 4096), copyBegin...)}}
}

func (s *copySource[E]) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if s.at == len(s.tuple.b) {
			if s.next > len(s.rows) {
				break
			}
			s.tuple.b, s.at = s.tuple.b[:0], 0
			if s.next < len(s.rows) {
				s.put(&s.tuple, s.rows[s.next])
			} else {
				s.tuple.b = append(s.tuple.b, copyEnd...)
			}
			s.next++
		}
		moved := copy(p[n:], s.tuple.b[s.at:])
		n, s.at = n+moved, s.at+moved
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// A copier is a transaction that takes COPY's text itself: one of a simulation.
type copier interface {
	copy(ctx context.Context, table string, text io.Reader) error
}

// copyRows writes rows into one table with COPY. That takes its columns' types on
// trust; pgx would ask for them anew at each COPY, and box every value.
func copyRows[E any](ctx context.Context, tx pgx.Tx, table string, columns []string, rows []E, put func(*tuple, E)) (err error) {
	if len(rows) == 0 {
		return nil
	}
	source := newCopySource(rows, put)
	if simulated, ok := tx.(copier); ok {
		err = simulated.copy(ctx, table, source)
	} else {
		sql := "COPY aslog." + table + " (" + strings.Join(columns, ", ") + ") FROM STDIN (FORMAT binary)"
		_, err = tx.Conn().PgConn().CopyFrom(ctx, source, sql)
	}
	if err != nil {
		return fmt.Errorf("copy %d rows into %s: %w", len(rows), table, err)
	}
	return nil
}
