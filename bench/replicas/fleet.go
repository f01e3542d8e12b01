package main

import (
	"context"
	"fmt"
	"time"

	"aslogd/bench/ground"
)

// A fleet is daemons of one database.
type fleet struct {
	ground   *ground.Ground
	place    *ground.Place
	cloud    *ground.Cloud
	shards   int
	settings []string
	members  []member
	started  int
}

type member struct {
	*ground.Process
	name string // its ASLOGD_INSTANCE
}

// join starts so many daemons more.
func (f *fleet) join(ctx context.Context, daemons int) error {
	for range daemons {
		f.started++
		m := member{name: fmt.Sprintf("replica%d", f.started)}
		p, err := f.ground.Daemon(ctx, f.place, f.cloud, "/healthz", append([]string{"ASLOGD_INSTANCE=" + m.name}, f.settings...)...)
		if err != nil {
			return err
		}
		m.Process = p
		f.members = append(f.members, m)
	}
	return nil
}

func (f *fleet) stop() {
	for _, m := range f.members {
		m.Stop()
	}
}

// pauseSQL keeps a source from being asked for a second from now.
const pauseSQL = `INSERT INTO aslog.budget AS b (source, tokens, refilled_at, paused_until)
	VALUES ('source0', 0, clock_timestamp(), clock_timestamp() + interval '1 second')
	ON CONFLICT (source) DO UPDATE SET paused_until = excluded.paused_until`

// spread waits until each daemon holds its fair share. Where the source is
// closed, nothing is read before: it is open from the moment that is returned.
func (f *fleet) spread(ctx context.Context, closed bool) (time.Time, error) {
	const sharesSQL = `SELECT count(DISTINCT owner), count(*) FILTER (WHERE owner IS NOT NULL), coalesce(max(n), 0) - coalesce(min(n), 0)
		FROM (SELECT owner, count(*) OVER (PARTITION BY owner) AS n FROM aslog.shard_head) AS held`
	for {
		if closed {
			if _, err := f.place.DB.Exec(ctx, pauseSQL); err != nil {
				return time.Time{}, fmt.Errorf("keep the source closed: %w", err)
			}
		}
		open := time.Now().Add(time.Second)
		var owners, held, apart int
		if err := f.place.DB.QueryRow(ctx, sharesSQL).Scan(&owners, &held, &apart); err != nil {
			return time.Time{}, fmt.Errorf("ask who holds what: %w", err)
		}
		if owners == len(f.members) && held == f.shards && apart <= 1 {
			return open, nil
		}
		if err := ground.Pause(ctx, 100*time.Millisecond); err != nil {
			return time.Time{}, fmt.Errorf("%d of %d daemons hold %d of %d shards: %w", owners, len(f.members), held, f.shards, err)
		}
	}
}
