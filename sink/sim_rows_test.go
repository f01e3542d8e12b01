package sink

import (
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// simResults hands what a batch came to to whoever queued it.
type simResults struct {
	pgx.BatchResults
	queue []func() error
	err   error
}

func (r *simResults) Close() error {
	if r.err != nil {
		return r.err
	}
	for _, do := range r.queue {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

type simResult struct {
	pgx.BatchResults
	rows *simRows
}

func (r *simResult) Exec() (pgconn.CommandTag, error) { return r.rows.tag, nil }
func (r *simResult) Query() (pgx.Rows, error)         { return r.rows, nil }
func (r *simResult) QueryRow() pgx.Row                { return r.rows }

// simRows are the rows of an answer.
type simRows struct {
	pgx.Rows
	values [][]any
	at     int
	tag    pgconn.CommandTag
	err    error
}

func (r *simRows) add(values ...any)             { r.values = append(r.values, values) }
func (r *simRows) Next() bool                    { r.at++; return r.at < len(r.values) }
func (r *simRows) Err() error                    { return r.err }
func (r *simRows) Close()                        {}
func (r *simRows) CommandTag() pgconn.CommandTag { return r.tag }

func (r *simRows) Scan(to ...any) error {
	if r.err != nil {
		return r.err
	}
	if r.at < 0 && !r.Next() {
		return pgx.ErrNoRows
	}
	for i, v := range r.values[r.at] {
		dest := reflect.ValueOf(to[i]).Elem()
		if dest.Kind() == reflect.Pointer && v != nil && reflect.TypeOf(v) != dest.Type() {
			p := reflect.New(dest.Type().Elem())
			p.Elem().Set(reflect.ValueOf(v))
			dest.Set(p)
			continue
		}
		dest.Set(reflect.ValueOf(v))
	}
	return nil
}
