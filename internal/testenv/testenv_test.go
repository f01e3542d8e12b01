package testenv

import (
	"net"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

// Two tests at once have databases of their own, and the pool is the writer's.
func TestPostgresIsOnesOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pool := Postgres(t)
			var shards, groups int
			if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM aslog.shard").Scan(&shards); err != nil {
				t.Fatal(err)
			}
			_, err := pool.Exec(t.Context(), "INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, changed_at) VALUES ('g', 'p', 's', 0, now(), now())")
			if err != nil {
				t.Fatal(err)
			}
			if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM aslog.scaling_group").Scan(&groups); err != nil {
				t.Fatal(err)
			}
			if shards != 8 || groups != 1 {
				t.Errorf("got %d shards and %d groups, want 8 and 1", shards, groups)
			}
			if _, err := pool.Exec(t.Context(), "CREATE TABLE aslog.x ()"); err == nil {
				t.Error("the writer made a table")
			}
		})
	}
}

// The broker answers, whichever it is.
func TestKafka(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", Kafka(t))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
