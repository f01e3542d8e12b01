package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Waits are what the daemons' backends were seen to wait for.
type waits struct {
	looks  int
	active int            // backends that had something to do, over all looks
	events map[string]int // of those, by wait event; "" is none: on the CPU, or waiting for it
	locks  map[string]int // locks that they were seen to wait for, by what and how
}

// One row for each active backend; besides, what lock it was not granted.
const waitsSQL = `SELECT coalesce(a.wait_event_type || ':' || a.wait_event, ''), coalesce(l.locktype || ' ' || l.mode, '')
	FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted
	WHERE a.datname = current_database() AND a.application_name LIKE 'aslogd/%' AND a.state = 'active'`

// watch looks ten times a second, on a connection of its own, until ctx ends.
func watch(ctx context.Context, url string) (*waits, error) {
	w := &waits{events: map[string]int{}, locks: map[string]int{}}
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect to look at what Postgres waits for: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return w, nil
		case <-tick.C:
		}
		rows, err := db.Query(ctx, waitsSQL)
		if err == nil {
			var event, lock string
			_, err = pgx.ForEachRow(rows, []any{&event, &lock}, func() error {
				w.active++
				w.events[event]++
				if lock != "" {
					w.locks[lock]++
				}
				return nil
			})
		}
		if ctx.Err() != nil {
			return w, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look at what Postgres waits for: %w", err)
		}
		w.looks++
	}
}

// share is a part of all active backends that were seen.
func (w *waits) share(n int) string {
	return fmt.Sprintf("%.0f %%", 100*float64(n)/float64(max(1, w.active)))
}

// most names the most frequent of what was counted, with their shares.
func (w *waits) most(counts map[string]int) string {
	names := slices.DeleteFunc(slices.Collect(maps.Keys(counts)), func(name string) bool { return name == "" })
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	var parts []string
	for _, name := range names[:min(3, len(names))] {
		parts = append(parts, name+" "+w.share(counts[name]))
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}
