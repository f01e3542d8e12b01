package ingest

import (
	"context"
	"time"

	"aslogd/checkpoint"
)

// A Roster knows which groups a shard has. Groups gives all of them, as their
// workers need them at a start; News gives those that were found, hinted at,
// gone or back since the moment, and the moment to ask from next time.
type Roster interface {
	Groups(ctx context.Context, shard int) ([]checkpoint.Group, error)
	News(ctx context.Context, shard int, since time.Time) ([]checkpoint.Group, time.Time, error)
}

// A Counter says what is known of a span of a group's start times, in records
// that are stored or were quarantined whole.
type Counter interface {
	Count(ctx context.Context, group string, span Span) (checkpoint.Count, error)
	// Newest is the start of the newest action that is stored of before the moment; nil: none is.
	Newest(ctx context.Context, group string, before time.Time) (*time.Time, error)
}
