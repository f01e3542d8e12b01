package history

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
)

var (
	//go:embed sql/operations.sql
	operationsSQL string
	//go:embed sql/operation_spans.sql
	operationSpansSQL string
	//go:embed sql/differences.sql
	differencesSQL string
)

// ErrNoOperation says that there is no operation of this number.
var ErrNoOperation = errors.New("no such operation")

// An Operation is what somebody asked for, and how far it is. Groups count the
// groups that it is about.
type Operation struct {
	ID          int64     `json:"id"`
	At          time.Time `json:"at"`
	By          string    `json:"by"`
	Command     string    `json:"command"`
	Arguments   string    `json:"arguments"`
	Outcome     *string   `json:"outcome"` // null while it is under way
	Groups      int       `json:"groups"`
	Ended       int       `json:"groups_ended"`
	Begun       int       `json:"groups_begun"`
	Failing     int       `json:"groups_failing"` // whose latest try failed, and which will be tried again
	Failed      int       `json:"groups_failed"`  // that were given up
	Failure     *string   `json:"failure"`        // one of the failures, in words
	Requests    int64     `json:"requests"`
	Rows        int64     `json:"rows_read"`
	New         int64     `json:"new_actions"`
	Changed     int64     `json:"changed_actions"`
	Unproved    int64     `json:"unproved"` // pieces that were read and could not be proved
	Read        float64   `json:"read"`     // share of the time asked for that has been read, 0 to 1
	Differences int64     `json:"differences"`
	NotRepaired int64     `json:"not_repaired"` // differences that are neither repaired nor explained by retention
}

// Named is the operation of that number, under way or not.
func Named(ctx context.Context, pool *pgxpool.Pool, id int64) (o Operation, err error) {
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		found, err := collect(ctx, tx, operationsSQL, scanOperation, &id)
		if err == nil && len(found) == 0 {
			err = ErrNoOperation
		}
		if err == nil {
			o = found[0]
		}
		return err
	})
	if err != nil {
		return o, fmt.Errorf("read operation %d: %w", id, err)
	}
	return o, nil
}

func scanOperation(row pgx.CollectableRow) (o Operation, err error) {
	err = row.Scan(&o.ID, &o.At, &o.By, &o.Command, &o.Arguments, &o.Outcome,
		&o.Groups, &o.Ended, &o.Begun, &o.Failing, &o.Failure, &o.Requests, &o.Rows, &o.New, &o.Changed, &o.Unproved,
		&o.Failed, &o.Read, &o.Differences, &o.NotRepaired)
	o.At = o.At.UTC()
	return o, err
}

// A Difference is one action that reconcile found to differ.
type Difference struct {
	Group     string     `json:"group_id"`
	Action    string     `json:"action_id"`
	Kind      string     `json:"kind"` // missing, differing or extra
	Start     *time.Time `json:"start_time"`
	Detail    string     `json:"detail"`
	Explained bool       `json:"explained"`
	Repaired  bool       `json:"repaired"`
}

// Differences are what an operation found, the worst first, at most so many.
func Differences(ctx context.Context, pool *pgxpool.Pool, id int64, most int) ([]Difference, error) {
	rows, err := pool.Query(ctx, differencesSQL, id, most)
	if err != nil {
		return nil, fmt.Errorf("read the differences of operation %d: %w", id, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Difference, err error) {
		err = row.Scan(&d.Group, &d.Action, &d.Kind, &d.Start, &d.Detail, &d.Explained, &d.Repaired)
		d.Start = utc(d.Start)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the differences of operation %d: %w", id, err)
	}
	return found, nil
}

// asked are the spans that running backfills have still to read, by group.
func asked(ctx context.Context, tx pgx.Tx) (map[string]checkpoint.Coverage, error) {
	rows, err := tx.Query(ctx, operationSpansSQL)
	if err != nil {
		return nil, err
	}
	spans := map[string]checkpoint.Coverage{}
	var group string
	var span checkpoint.Span
	_, err = pgx.ForEachRow(rows, []any{&group, &span.From, &span.To}, func() error {
		spans[group] = spans[group].Add(span)
		return nil
	})
	return spans, err
}

//go:embed sql/group_ids.sql
var groupIDsSQL string

// A Known is a group that aslogd knows of.
type Known struct {
	ID     string
	Living bool
	Named  bool // the configuration of its source wants it read
}

// GroupIDs are all groups that are known, living and gone.
func GroupIDs(ctx context.Context, pool *pgxpool.Pool) ([]Known, error) {
	rows, err := pool.Query(ctx, groupIDsSQL)
	if err != nil {
		return nil, fmt.Errorf("read the groups: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Known])
	if err != nil {
		return nil, fmt.Errorf("read the groups: %w", err)
	}
	return found, nil
}
