package checkpoint

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	//go:embed sql/operation_add.sql
	operationAddSQL string
	//go:embed sql/operation_work.sql
	operationWorkSQL string
	//go:embed sql/operation_lock.sql
	operationLockSQL string
	//go:embed sql/operation_report.sql
	operationReportSQL string
	//go:embed sql/operation_differ.sql
	operationDifferSQL string
	//go:embed sql/operation_repaired.sql
	operationRepairedSQL string
	//go:embed sql/operation_end.sql
	operationEndSQL string
)

// The commands that an operation may be of.
const (
	CommandBackfill  = "backfill"
	CommandReconcile = "reconcile"
)

// A Part is what an operation wants of one group: to read a span again.
type Part struct {
	Operation int64
	Command   string
	Repair    bool // reconcile: store what is missing
	Group     string
	Span      Span
	Position  time.Time // everything before it has been read
}

// A PartReport is what became of a part since its last report.
type PartReport struct {
	Position time.Time // everything before it has been read; zero: as before
	Requests int
	Rows     int
	New      int
	Changed  int
	Unproved int    // pieces that were read and could not be proved
	Failure  string // why the latest try failed; empty: it did not
	Outcome  string // not empty: the part has ended; Done, or why it could not be done

	Differences []Difference
}

// Done is the outcome of a part, or an operation, that did all it was asked.
const Done = "done"

// A Difference is one action that the API and the tables do not agree about.
type Difference struct {
	Kind      string // Missing, Differing or Extra
	Action    string
	Start     *time.Time
	Detail    string
	Hash      []byte    // content hash of what the API showed; nil for Extra
	Asked     time.Time // when the API was asked
	Explained bool      // the API has forgotten it: nothing is wrong
}

// The kinds of a Difference.
const (
	Missing   = "missing"
	Differing = "differing"
	Extra     = "extra"
)

// AddOperation asks for something, as a row that survives whoever is to carry
// it out, and returns its number. The span must not be empty; the groups must be
// known. One without groups is done by who asks, and ends with CloseOperation.
func (s *Store) AddOperation(ctx context.Context, command string, span Span, groups []string, arguments map[string]any) (id int64, err error) {
	text, err := json.Marshal(arguments)
	if err != nil {
		return 0, fmt.Errorf("write the arguments of a %s: %w", command, err)
	}
	err = s.Pool.QueryRow(ctx, operationAddSQL, pgx.NamedArgs{
		"command": command, "arguments": string(text), "from": span.From, "to": span.To, "groups": groups,
	}).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("ask for a %s: %w", command, err)
	}
	return id, nil
}

// Work is up to most parts of the shard's groups that have not ended and are
// not among those that are under way, oldest operation first.
func (s *Store) Work(ctx context.Context, shard int, underWay []Part, most int) ([]Part, error) {
	operations, groups := make([]int64, len(underWay)), make([]string, len(underWay))
	for i, p := range underWay {
		operations[i], groups[i] = p.Operation, p.Group
	}
	rows, err := s.Pool.Query(ctx, operationWorkSQL, pgx.NamedArgs{"shard": shard, "operations": operations, "groups": groups, "most": most})
	if err != nil {
		return nil, fmt.Errorf("look for operations in shard %d: %w", shard, err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Part, err error) {
		err = row.Scan(&p.Operation, &p.Command, &p.Repair, &p.Group, &p.Span.From, &p.Span.To, &p.Position)
		p.Span, p.Position = Span{p.Span.From.UTC(), p.Span.To.UTC()}, p.Position.UTC()
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for operations in shard %d: %w", shard, err)
	}
	return parts, nil
}

// Report stores what became of a part, under the shard's lease; ErrLost where
// that is another's, who goes on from the last report. With the last part the
// operation itself gets its outcome. ErrEnded says that the part has ended
// before: most likely somebody cancelled it.
func (s *Store) Report(ctx context.Context, l Lease, p Part, r PartReport) error {
	part := pgx.NamedArgs{"operation": p.Operation, "group": p.Group}
	err := s.under(ctx, l, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		if r.Outcome != "" {
			b.Queue(operationLockSQL, part)
		}
		if len(r.Differences) > 0 {
			b.Queue(operationDifferSQL, differenceArrays(p, r.Differences))
		}
		if p.Command == CommandReconcile && (r.Outcome != "" || p.Repair && len(r.Differences) > 0) {
			b.Queue(operationRepairedSQL, pgx.NamedArgs{"operation": p.Operation, "group": p.Group, "epoch": l.Epoch})
		}
		sql, ended := operationReportSQL, false
		if r.Outcome != "" {
			sql = operationEndSQL
		}
		b.Queue(sql, pgx.NamedArgs{
			"operation": p.Operation, "group": p.Group, "position": filledTime(r.Position), "requests": r.Requests, "rows_read": r.Rows,
			"new_actions": r.New, "changed_actions": r.Changed, "unproved": r.Unproved,
			"failure": filledText(r.Failure), "outcome": filledText(r.Outcome),
		}).Exec(func(tag pgconn.CommandTag) error {
			ended = tag.RowsAffected() == 0
			return nil
		})
		err := tx.SendBatch(ctx, b).Close()
		if err == nil && ended {
			err = ErrEnded
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("report on operation %d, group %s: %w", p.Operation, p.Group, err)
	}
	return nil
}

func differenceArrays(p Part, found []Difference) pgx.NamedArgs {
	n := len(found)
	kinds, actions, details := make([]string, n), make([]string, n), make([]string, n)
	starts, hashes := make([]*time.Time, n), make([][]byte, n)
	asked, explained := make([]time.Time, n), make([]bool, n)
	for i, d := range found {
		kinds[i], actions[i], details[i] = d.Kind, clean(d.Action), clean(d.Detail)
		starts[i], hashes[i], asked[i], explained[i] = d.Start, d.Hash, d.Asked, d.Explained
	}
	return pgx.NamedArgs{
		"operation": p.Operation, "group": p.Group, "kinds": kinds, "actions": actions, "starts": starts,
		"details": details, "hashes": hashes, "asked": asked, "explained": explained,
	}
}

func filledText(s string) *string {
	if s == "" {
		return nil
	}
	s = clean(s)
	return &s
}

func filledTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// clean is text that Postgres takes.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
