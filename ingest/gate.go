package ingest

import (
	"context"
	"errors"
	"fmt"
)

// errHeld says that nothing was asked, because nothing would have been stored.
var errHeld = errors.New("nothing is read while nothing can be stored")

// A gate stands before an API while a shard stands still: each request is a
// second of the tenant's budget, and what it would bring nobody would take.
type gate struct {
	API
	held func() error // why nothing would be stored; nil: it would
}

// Actions asks for a page, unless the gate is shut.
func (g gate) Actions(ctx context.Context, class Class, group string, q Query) (*Page, error) {
	if err := g.held(); err != nil {
		return nil, fmt.Errorf("%w: %w", errHeld, err)
	}
	return g.API.Actions(ctx, class, group, q)
}
