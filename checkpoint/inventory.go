package checkpoint

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/stored_actions.sql
	storedActionsSQL string
	//go:embed sql/stored_span.sql
	storedSpanSQL string
	//go:embed sql/quarantined.sql
	quarantinedSQL string
	//go:embed sql/quarantine_resolve.sql
	quarantineResolveSQL string
)

// A Stored is an action as the tables have it, as far as it is compared.
type Stored struct {
	Action string
	Status *string
	Start  *time.Time
	Hash   []byte
	Epoch  int64     // under which its newest revision was asked for,
	Asked  time.Time // and when, in that owner's clock
}

// Stored are those of a group's actions that the tables have.
func (s *Store) Stored(ctx context.Context, group string, actions []string) ([]Stored, error) {
	return s.stored(ctx, storedActionsSQL, group, pgx.NamedArgs{"group": group, "actions": actions})
}

// StoredIn are the actions that started in the span and were last changed by an
// answer that was asked for before that moment of the epoch's owner.
func (s *Store) StoredIn(ctx context.Context, group string, span Span, epoch int64, before time.Time) ([]Stored, error) {
	return s.stored(ctx, storedSpanSQL, group, pgx.NamedArgs{"group": group, "from": span.From, "to": span.To, "epoch": epoch, "before": before})
}

func (s *Store) stored(ctx context.Context, sql, group string, args pgx.NamedArgs) ([]Stored, error) {
	rows, err := s.Pool.Query(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("read what is stored of group %s: %w", group, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Stored, err error) {
		return a, row.Scan(&a.Action, &a.Status, &a.Start, &a.Hash, &a.Epoch, &a.Asked)
	})
	if err != nil {
		return nil, fmt.Errorf("read what is stored of group %s: %w", group, err)
	}
	return found, nil
}

// Quarantined are the ids of the group's records that went to quarantine and
// have not been taken since. Records without an id cannot be asked for.
func (s *Store) Quarantined(ctx context.Context, group string) ([]string, error) {
	rows, err := s.Pool.Query(ctx, quarantinedSQL, pgx.NamedArgs{"group": group})
	if err != nil {
		return nil, fmt.Errorf("read the quarantine of group %s: %w", group, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the quarantine of group %s: %w", group, err)
	}
	return ids, nil
}

// Resolve notes that a record is stored after all, under the shard's lease.
// Rows of the quarantine with one of the reasons, which still hold, stay.
func (s *Store) Resolve(ctx context.Context, l Lease, group, action string, reasons []string) error {
	if reasons == nil {
		reasons = []string{}
	}
	err := s.under(ctx, l, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, quarantineResolveSQL, pgx.NamedArgs{"group": group, "action": action, "reasons": reasons})
		return err
	})
	if err != nil {
		return fmt.Errorf("resolve quarantined action %s of group %s: %w", action, group, err)
	}
	return nil
}
