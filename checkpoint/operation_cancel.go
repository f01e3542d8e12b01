package checkpoint

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/operation_cancel.sql
	operationCancelSQL string
	//go:embed sql/operation_close.sql
	operationCloseSQL string
)

// ErrEnded says that a part, or a whole operation, has ended before.
var ErrEnded = errors.New("it has ended")

// CancelOperation ends what is left of an operation that the daemons carry out.
// What it has stored by then stays. ErrEnded where nothing is left, or there is
// no such operation.
func (s *Store) CancelOperation(ctx context.Context, id int64) error {
	args := pgx.NamedArgs{"operation": id}
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, operationLockSQL, args); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, operationCancelSQL, args)
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrEnded
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("cancel operation %d: %w", id, err)
	}
	return nil
}

// CloseOperation says what came of an operation without groups.
func (s *Store) CloseOperation(ctx context.Context, id int64, outcome string) error {
	if _, err := s.Pool.Exec(ctx, operationCloseSQL, pgx.NamedArgs{"operation": id, "outcome": clean(outcome)}); err != nil {
		return fmt.Errorf("note the outcome of operation %d: %w", id, err)
	}
	return nil
}
