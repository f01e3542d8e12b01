package sink

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/action"
)

var (
	day   = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	lease = checkpoint.Lease{Shard: 3, Epoch: 7, Owner: "me"}
)

// own makes the lease true in the database.
func own(t testing.TB, pool *pgxpool.Pool, l checkpoint.Lease) {
	t.Helper()
	exec(t, pool, `UPDATE aslog.shard_head SET owner = $2, epoch = $3 WHERE shard = $1`, l.Shard, l.Owner, l.Epoch)
}

// committer returns a running committer; it ends with the test.
func committer(t testing.TB, pool *pgxpool.Pool, with ...func(*CommitterConfig)) *Committer {
	t.Helper()
	cfg := CommitterConfig{Pool: pool, Lease: lease, Settle: time.Hour, Log: zerolog.Nop()}
	for _, set := range with {
		set(&cfg)
	}
	c := NewCommitter(cfg)
	c.idle, c.pause = 10*time.Millisecond, 5*time.Millisecond
	run(t, c)
	return c
}

// run runs c until the test ends, and returns what Run will have said.
func run(t testing.TB, c *Committer) <-chan error {
	ctx, cancel := context.WithCancel(context.Background())
	said, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		said <- c.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return said
}

// batch is what a read of one group brought.
func batch(group string, actions ...ingest.Seen) *ingest.Batch {
	name := "name of " + group
	return &ingest.Batch{
		Epoch:   lease.Epoch,
		Target:  ingest.Target{Source: "source0", Project: "p", Group: group, Name: &name, Shard: lease.Shard},
		Actions: actions,
	}
}

// seen is an action as the API showed it when it was asked so many minutes
// into the day.
func seen(t testing.TB, asked int, raw string) ingest.Seen {
	t.Helper()
	a, err := action.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("parse %s: %v", raw, err)
	}
	return ingest.Seen{Action: a, Asked: day.Add(time.Duration(asked) * time.Minute)}
}

func doing(id string) string {
	return fmt.Sprintf(`{"id":%q, "status":"DOING", "start_time":"2026-02-01T10:00:00Z", "end_time":null, "instance_value":1, "desire_value":3, "scaling_value":2, "type":"MANNUAL_ADD",
 "description":"{\"reason\":[{\"change_reason\":\"MANNUAL\",\"old_value\":1,\"new_value\":3,\"change_time\":\"2026-02-01T09:59:58Z\"}]}", "instance_added_list":[{"instance_id":"i-1","instance_name":"one"}]}`, id)
}

func success(id, instance string) string {
	return strings.Replace(strings.Replace(strings.Replace(doing(id),
		`"DOING"`, `"SUCCESS"`, 1),
		`"end_time":null`, `"end_time":"2026-02-01T10:01:00Z"`, 1),
		`[{"instance_id":"i-1","instance_name":"one"}]`, fmt.Sprintf(`[{"instance_id":%q},{"instance_id":"i-2"}]`, instance), 1)
}

func commit(t testing.TB, c *Committer, b *ingest.Batch) ingest.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := c.Commit(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	out.Earliest = time.Time{} // has a test of its own
	return out
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s\n got %s\nwant %s", what, g, w)
	}
}

func exec(t testing.TB, pool statements, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// text is the rows of a query: columns by a space, rows by a semicolon.
func text(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) string {
	t.Helper()
	rows, err := pool.Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintln(values...)))
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", sql, rows.Err())
	}
	return strings.Join(all, "; ")
}

const journalText = `SELECT seq, group_id, action_id, revision, change, coalesce(status, '-') FROM aslog.journal ORDER BY seq`
