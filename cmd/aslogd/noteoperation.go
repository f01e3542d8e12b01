package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
)

// noteOperation notes that somebody asked for something that this process does
// itself; end says what came of it. A role that may only read can replay as
// well: then nothing is noted, which is said. Without an outcome it was killed.
func noteOperation(ctx context.Context, pool *pgxpool.Pool, command string, arguments map[string]any, warn io.Writer) (end func(outcome string)) {
	store := &checkpoint.Store{Pool: pool}
	id, err := store.AddOperation(ctx, command, checkpoint.Span{}, nil, arguments)
	if err != nil {
		fmt.Fprintf(warn, "not noted in aslog.operation: %v\n", err)
		return func(string) {}
	}
	return func(outcome string) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := store.CloseOperation(ctx, id, outcome); err != nil {
			fmt.Fprintln(warn, err)
		}
	}
}
