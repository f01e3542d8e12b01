// Package history is the read side: what the journal and its tables say, for
// people and for programs. It reads Postgres and nothing else.
package history

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Report is how far everything is. Times are UTC, by the clock of Postgres.
type Report struct {
	At          time.Time   `json:"at"`
	Sources     []Source    `json:"sources"`
	Groups      []Group     `json:"groups"`
	Shards      []Shard     `json:"shards"`
	Quarantined int64       `json:"quarantined"` // rows not resolved
	Operations  []Operation `json:"operations"`  // that are under way
	Troubles    []Trouble   `json:"troubles"`    // what of this is not as it should be, and what to do
}

// A Source is a source's groups taken together.
type Source struct {
	Name        string           `json:"name"`
	Groups      int              `json:"groups"`
	Living      int              `json:"living"`      // and configured
	Watermark   *time.Time       `json:"watermark"`   // the oldest of its living groups'
	LagSeconds  float64          `json:"lag_seconds"` // the longest of its living groups'
	Actions     int64            `json:"actions"`
	OpenActions int64            `json:"open_actions"`
	Gaps        map[string]int64 `json:"gaps"` // how many, by reason
	PausedUntil *time.Time       `json:"paused_until"`
}

// A Group is one group. Lag is how far its newest covered moment is behind now:
// what is newer has not been proved yet. What is older and not covered is a gap.
type Group struct {
	Source      string           `json:"source"`
	ID          string           `json:"group_id"`
	Name        *string          `json:"name"`
	Shard       int              `json:"shard"`
	Status      *string          `json:"status"`
	Current     *int64           `json:"current_instance_number"`
	Desire      *int64           `json:"desire_instance_number"`
	Scaling     bool             `json:"is_scaling"`
	Living      bool             `json:"living"`
	Named       bool             `json:"configured"` // false: ASLOGD_SOURCE_n_GROUPS names others, and it is not read
	UnnamedAt   *time.Time       `json:"unconfigured_at"`
	GoneAt      *time.Time       `json:"gone_at"`
	FirstSeen   time.Time        `json:"first_seen_at"`
	Watermark   *time.Time       `json:"watermark"`      // everything before it is covered, or lost for ever
	Newest      *time.Time       `json:"newest_covered"` // end of the newest covered span
	LagSeconds  float64          `json:"lag_seconds"`
	Lateness    float64          `json:"lateness_seconds"` // longest time from a start to the first sight, of what came to a covered place
	Settled     *time.Time       `json:"settled"`          // end of the newest span that the last re-read confirmed
	Actions     int64            `json:"actions"`
	OpenActions int64            `json:"open_actions"`
	LastAction  *time.Time       `json:"last_action"` // start of the newest
	GapCounts   map[string]int64 `json:"gap_counts"`
	Gaps        []Gap            `json:"gaps"` // at most 100 of a reason

	tailFrom *time.Time
	parked   bool
}

// A Gap is a span that is wanted and not covered. Closing says that a backfill
// is on its way to it: the daemon's own, or one that somebody asked for.
type Gap struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Reason  string    `json:"reason"`
	Closing bool      `json:"closing"`
}

// A Shard is one shard: its owner, and how far journal and topic are.
type Shard struct {
	Number      int        `json:"shard"`
	Owner       *string    `json:"owner"`
	Instance    *string    `json:"instance"`
	Epoch       int64      `json:"epoch"`
	ExpiresAt   *time.Time `json:"expires_at"`
	Living      bool       `json:"owner_living"` // its heartbeat has not expired
	Head        int64      `json:"head_seq"`
	Published   int64      `json:"published_seq"`
	PublishedAt *time.Time `json:"published_at"`
	Stopped     *string    `json:"stopped"`      // why it stands still, and what to do
	StoppedKind string     `json:"stopped_kind"` // in one word; empty while it goes on

	WaitingSince *time.Time `json:"waiting_since"` // recorded_at of the oldest revision that is not published
}

// Unpublished is how many journal rows the topics lack.
func (s Shard) Unpublished() int64 { return max(0, s.Head-s.Published) }

//go:embed sql/groups.sql
var groupsSQL string

//go:embed sql/gaps.sql
var gapsSQL string

//go:embed sql/shards.sql
var shardsSQL string

//go:embed sql/failing.sql
var failingSQL string

// Status reads how far everything is, all of it at one moment.
func Status(ctx context.Context, pool *pgxpool.Pool) (*Report, error) {
	r := &Report{Sources: []Source{}, Groups: []Group{}, Shards: []Shard{}, Operations: []Operation{}}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error { return r.read(ctx, tx) })
	if err != nil {
		return nil, fmt.Errorf("read the status: %w", err)
	}
	r.Troubles = r.find()
	return r, nil
}

func (r *Report) read(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, "SELECT clock_timestamp(), (SELECT count(*) FROM aslog.quarantine WHERE resolved_at IS NULL)").
		Scan(&r.At, &r.Quarantined)
	if err != nil {
		return fmt.Errorf("count the quarantine: %w", err)
	}
	r.At = r.At.UTC()
	if r.Shards, err = collect(ctx, tx, shardsSQL, scanShard); err != nil {
		return fmt.Errorf("read shards: %w", err)
	}
	if r.Groups, err = collect(ctx, tx, groupsSQL, r.scanGroup); err != nil {
		return fmt.Errorf("read groups: %w", err)
	}
	if err := r.readGaps(ctx, tx); err != nil {
		return fmt.Errorf("read gaps: %w", err)
	}
	var every *int64
	if r.Operations, err = collect(ctx, tx, operationsSQL, scanOperation, every); err != nil {
		return fmt.Errorf("read operations: %w", err)
	}
	if err := r.sum(ctx, tx); err != nil {
		return fmt.Errorf("read budgets: %w", err)
	}
	return nil
}

func collect[T any](ctx context.Context, tx pgx.Tx, sql string, scan func(pgx.CollectableRow) (T, error), args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

func scanShard(row pgx.CollectableRow) (s Shard, err error) {
	err = row.Scan(&s.Number, &s.Owner, &s.Instance, &s.Epoch, &s.ExpiresAt, &s.Living, &s.Head, &s.Published, &s.PublishedAt, &s.Stopped, &s.StoppedKind, &s.WaitingSince)
	s.ExpiresAt, s.PublishedAt, s.WaitingSince = utc(s.ExpiresAt), utc(s.PublishedAt), utc(s.WaitingSince)
	return s, err
}

func (r *Report) scanGroup(row pgx.CollectableRow) (g Group, err error) {
	err = row.Scan(&g.Source, &g.ID, &g.Name, &g.Shard, &g.Status, &g.Current, &g.Desire, &g.Scaling, &g.GoneAt, &g.UnnamedAt, &g.FirstSeen,
		&g.Watermark, &g.Newest, &g.tailFrom, &g.parked, &g.Lateness, &g.Settled, &g.Actions, &g.OpenActions, &g.LastAction)
	g.Living, g.Named = g.GoneAt == nil, g.UnnamedAt == nil
	g.GapCounts, g.Gaps = map[string]int64{}, []Gap{}
	g.GoneAt, g.FirstSeen, g.Watermark = utc(g.GoneAt), g.FirstSeen.UTC(), utc(g.Watermark)
	g.UnnamedAt = utc(g.UnnamedAt)
	g.Newest, g.tailFrom, g.LastAction = utc(g.Newest), utc(g.tailFrom), utc(g.LastAction)
	g.Settled = utc(g.Settled)
	until, since := r.At, g.FirstSeen
	for _, end := range []*time.Time{g.GoneAt, g.UnnamedAt} { // nobody reads on after it
		if end != nil && end.Before(until) {
			until = *end
		}
	}
	if g.Newest != nil {
		since = *g.Newest
	}
	g.LagSeconds = max(0, until.Sub(since).Seconds())
	return g, err
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
