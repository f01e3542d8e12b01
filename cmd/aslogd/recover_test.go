package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/simulator"
	"aslogd/internal/testenv"
	"aslogd/internal/verdict"
)

// What breaks: Postgres is restored to a state from before the daemon's second
// run. What must hold: recover refuses while a daemon lives, brings everything
// back once it is stopped, and the daemon goes on: truth, tables, journal and
// topic agree, with no seq twice.
func TestRecoverAfterARestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 6, ActionsPerGroup: 60, Days: 30, Seed: 11})
	command := func(args ...string) (int, string) {
		var said strings.Builder
		code := run(t.Context(), args, w.vars, &said, &said)
		return code, said.String()
	}
	url := w.database()
	backup := testenv.CopyURL(t, url) // migrated, and empty
	w.reopen(t, url)
	stop := w.start(t)
	until(t, time.Minute, "everything is read and published", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.scaling_action") >= 360 &&
			w.number(t, "SELECT sum(head_seq - published_seq)::bigint FROM aslog.shard") == 0
	})
	if code, said := command("recover", "--from-topic"); code != exitFailed || !strings.Contains(said, "held by the running daemon "+t.Name()) {
		t.Errorf("beside a living daemon: exit %d\n%s", code, said)
	}
	if code := stop(); code != exitDone {
		t.Fatalf("the daemon ended with %d", code)
	}
	head := w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard")

	w.setDatabase(backup)
	w.reopen(t, backup)
	stop = w.start(t)
	until(t, time.Minute, "shards stand still", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.shard WHERE stopped LIKE '%recover --from-topic%'") > 0
	})
	stop()
	if n := w.number(t, "SELECT count(*) FROM aslog.journal j JOIN aslog.shard s USING (shard) WHERE s.stopped IS NOT NULL"); n > 0 {
		t.Errorf("a shard behind its topic numbered %d rows", n)
	}
	code, said := command("recover", "--from-topic")
	if code != exitDone || !strings.Contains(said, "brought back seq 1 to ") {
		t.Fatalf("exit %d\n%s", code, said)
	}
	if n := w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard"); n != head {
		t.Errorf("the journal holds %d rows, not %d", n, head)
	}
	var noted string
	if err := w.pool.QueryRow(t.Context(), "SELECT outcome FROM aslog.operation WHERE command = 'recover' ORDER BY id DESC LIMIT 1").Scan(&noted); err != nil || !strings.HasPrefix(noted, "done; ") {
		t.Errorf("noted %q, %v", noted, err)
	}
	stop = w.start(t)
	until(t, time.Minute, "every group is read again and all is covered", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.checkpoint") == 6 && w.number(t, "SELECT count(*) FROM aslog.gap WHERE reason = 'unproven'") == 0
	})
	stop()
	v, err := verdict.Of(t.Context(), w.cloud.Truth(), w.pool, []string{w.kafka}, w.prefix)
	if err != nil {
		t.Fatal(err)
	}
	if !v.Good() || int64(v.Revisions) != head {
		t.Errorf("%+v, head %d", v, head)
	}
}

func TestReplayAndRecoverRefuseBadUsage(t *testing.T) {
	t.Parallel()
	vars := []string{"ASLOGD_DATABASE_URL=postgres://nowhere.invalid/x", "ASLOGD_KAFKA_BROKERS=127.0.0.1:1"}
	for args, says := range map[string]string{
		"replay":                                "--to-topic",
		"replay --to-topic aslog.actions.v1":    "aslogd's own",
		"replay --to-topic x.actions.latest.v1": "aslogd's own",
		"replay --to-topic t --from-seq 3":      "give --shard too",
		"replay --to-topic t --from 2026-03-02T00:00:00Z --to 2026-03-01T00:00:00Z": "not before --to",
		"replay --to-topic t --from yesterday":                                      "neither a time",
		"recover":                                                                   "--from-topic",
	} {
		var said strings.Builder
		if code := run(t.Context(), strings.Fields(args), vars, &said, &said); code != exitUsage || !strings.Contains(said.String(), says) {
			t.Errorf("%s: exit %d, %q is not in\n%s", args, code, says, said.String())
		}
	}
}

// database is the daemon's.
func (w *world) database() string {
	i := slices.IndexFunc(w.vars, func(s string) bool { return strings.HasPrefix(s, "ASLOGD_DATABASE_URL=") })
	return strings.TrimPrefix(w.vars[i], "ASLOGD_DATABASE_URL=")
}

func (w *world) setDatabase(url string) {
	i := slices.IndexFunc(w.vars, func(s string) bool { return strings.HasPrefix(s, "ASLOGD_DATABASE_URL=") })
	w.vars[i] = "ASLOGD_DATABASE_URL=" + url
}

// reopen looks at another database from here on.
func (w *world) reopen(t *testing.T, url string) {
	t.Helper()
	w.pool.Close()
	pool, err := pgxpool.New(t.Context(), testenv.OwnerURL(url))
	if err != nil {
		t.Fatal(err)
	}
	w.pool = pool
	t.Cleanup(pool.Close)
}
