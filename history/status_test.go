package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// Two groups: one in the middle of its backfill, one gone. Times count from now.
const fixture = `
INSERT INTO aslog.replica VALUES ('inc', 'host', now(), now(), now() + interval '1 hour');
UPDATE aslog.shard_head SET owner = 'inc', epoch = 4, head_seq = 10 WHERE shard = 1;
UPDATE aslog.shard_published SET published_seq = 7 WHERE shard = 1;
INSERT INTO aslog.scaling_group (group_id, project_id, source, name, shard, first_seen_at, changed_at, gone_at) VALUES
	('a', 'p', 's', 'alpha', 1, now() - interval '1 hour', now(), NULL),
	('b', 'p', 's', 'beta', 1, now() - interval '1 hour', now(), now() - interval '30 min');
INSERT INTO aslog.checkpoint (group_id, project_id, source, shard, backfill_from, tail_from, watermark, covered, lost_gone, lateness, updated_at) VALUES
	('a', 'p', 's', 1, now() - interval '9 days', now() - interval '1 hour', now() - interval '8 days',
		tstzmultirange(tstzrange(now() - interval '9 days', now() - interval '8 days'), tstzrange(now() - interval '1 hour', now() - interval '20 s')), '{}', '90 s', now()),
	('b', 'p', 's', 1, now() - interval '2 hours', now() - interval '1 hour', now() - interval '30 min',
		tstzmultirange(tstzrange(now() - interval '2 hours', now() - interval '40 min')),
		tstzmultirange(tstzrange(now() - interval '40 min', now() - interval '30 min')), '0', now());
INSERT INTO aslog.scaling_action (group_id, action_id, project_id, revision, start_time, first_seen_at, changed_at, shard, seq, content_hash, open, asked_epoch, asked_at)
	SELECT 'a', n::text, 'p', 1, now(), now(), now(), 1, n, '', n = 3, 4, now() FROM generate_series(1, 3) AS n;
`

func fixed(t testing.TB) (writer, owner *pgxpool.Pool) {
	t.Helper()
	url := testenv.PostgresURL(t)
	for _, target := range []struct {
		url string
		to  **pgxpool.Pool
	}{{url, &writer}, {testenv.OwnerURL(url), &owner}} {
		pool, err := pgxpool.New(t.Context(), target.url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		*target.to = pool
	}
	if _, err := owner.Exec(t.Context(), fixture); err != nil {
		t.Fatal(err)
	}
	return writer, owner
}

func TestStatus(t *testing.T) {
	t.Parallel()
	pool, owner := fixed(t)
	status := func() *Report {
		t.Helper()
		r, err := Status(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := status()
	a, b, s := r.Groups[0], r.Groups[1], r.Sources[0]
	if a.LagSeconds < 20 || a.LagSeconds > 60 || a.Actions != 3 || a.OpenActions != 1 || !a.Living || a.GapCounts[Unproven] != 1 || !a.Gaps[0].Closing {
		t.Errorf("alpha: %+v", a)
	}
	if a.Lateness != 90 || b.Lateness != 0 || a.Settled != nil {
		t.Errorf("lateness: %v and %v, settled %v", a.Lateness, b.Lateness, a.Settled)
	}
	if b.LagSeconds < 590 || b.LagSeconds > 610 || b.Living || b.GapCounts["gone"] != 1 {
		t.Errorf("beta: %+v", b)
	}
	if s.Groups != 2 || s.Living != 1 || s.Actions != 3 || s.LagSeconds != a.LagSeconds || s.Watermark == nil || !s.Watermark.Equal(*a.Watermark) {
		t.Errorf("source: %+v", s)
	}
	if one := r.Shards[1]; !one.Living || one.Unpublished() != 3 || *one.Instance != "host" || r.Shards[0].Owner != nil {
		t.Errorf("shards: %+v", r.Shards)
	}
	var text bytes.Buffer
	var back Report
	if err := r.WriteJSON(&text); err != nil || json.Unmarshal(text.Bytes(), &back) != nil || len(back.Groups) != 2 {
		t.Errorf("JSON: %v\n%s", err, text.String())
	}

	// A backfill that is on its way wakes nobody; one that cannot go on does.
	if found := r.Breaches(10 * time.Minute); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	if found := r.Breaches(5 * time.Second); len(found) != 1 || found[0].Gap != nil {
		t.Errorf("not the lag alone: %+v", found)
	}
	for what, sql := range map[string][2]string{
		"the owner is silent":       {"UPDATE aslog.replica SET expires_at = now() - interval '1 s'", "UPDATE aslog.replica SET expires_at = now() + interval '1 hour'"},
		"the shard stands still":    {"UPDATE aslog.shard_published SET stopped = 'fork' WHERE shard = 1", "UPDATE aslog.shard_published SET stopped = NULL"},
		"the backfill fails":        {"INSERT INTO aslog.scan (at, source, group_id, kind, requests, distinct_ids, new_actions, changed_actions, restarts, outcome) VALUES (now(), 's', 'a', 'backfill', 1, 0, 0, 0, 0, 'denied')", "DELETE FROM aslog.scan"},
		"the gap is not the past's": {"UPDATE aslog.checkpoint SET tail_from = backfill_from WHERE group_id = 'a'", "UPDATE aslog.checkpoint SET tail_from = now() - interval '1 hour' WHERE group_id = 'a'"},
	} {
		if _, err := owner.Exec(t.Context(), sql[0]); err != nil {
			t.Fatal(err)
		}
		if found := status().Breaches(10 * time.Minute); len(found) != 1 || found[0].Gap == nil || found[0].Gap.Reason != Unproven {
			t.Errorf("%s: found %+v", what, found)
		}
		if _, err := owner.Exec(t.Context(), sql[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// A gap that the daemon's own backfill never gets to wakes nobody while a
// backfill that somebody asked for is on its way to all of it.
func TestABackfillThatWasAskedForClosesGaps(t *testing.T) {
	t.Parallel()
	pool, owner := fixed(t)
	for _, tc := range []struct {
		what, sql string
		found     int
	}{
		{"nothing was asked for", "UPDATE aslog.checkpoint SET tail_from = backfill_from", 1},
		{"a reconcile", `INSERT INTO aslog.operation (command, arguments) VALUES ('reconcile', '{}'); INSERT INTO aslog.operation_part
			(operation_id, group_id, shard, from_time, to_time, position) VALUES (1, 'a', 1, now() - interval '9 days', now(), now() - interval '9 days')`, 1},
		{"a backfill", "UPDATE aslog.operation SET command = 'backfill'", 0},
		{"that is past half of the gap", "UPDATE aslog.operation_part SET position = now() - interval '4 days'", 1},
		{"or not", "UPDATE aslog.operation_part SET position = from_time", 0},
		{"whose latest try failed", "UPDATE aslog.operation_part SET failure = 'denied', updated_at = now()", 1},
		{"and was mended", "UPDATE aslog.operation_part SET failure = NULL", 0},
		{"whose shard nobody holds", "UPDATE aslog.shard_head SET owner = NULL", 1},
	} {
		if _, err := owner.Exec(t.Context(), tc.sql); err != nil {
			t.Fatalf("%s: %v", tc.what, err)
		}
		r, err := Status(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if found := r.Breaches(10 * time.Minute); len(found) != tc.found {
			t.Errorf("%s: found %+v", tc.what, found)
		}
	}
	o, err := Named(t.Context(), pool, 1)
	if err != nil || o.Groups != 1 || o.Begun != 1 || o.Read != 0 || o.Outcome != nil {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := Named(t.Context(), pool, 2); !errors.Is(err, ErrNoOperation) {
		t.Errorf("a number that nobody gave: %v", err)
	}
}

// A group that the configuration no longer names stands still, which is nobody's
// fault: no lag, no breach, not the source's watermark nor the metric.
func TestAGroupThatIsNotNamedIsNotBehind(t *testing.T) {
	t.Parallel()
	pool, owner := fixed(t)
	if _, err := owner.Exec(t.Context(), `UPDATE aslog.scaling_group SET unnamed_at = now() - interval '30 min' WHERE group_id = 'a';
		UPDATE aslog.checkpoint SET tail_from = backfill_from WHERE group_id = 'a';
		UPDATE aslog.checkpoint SET covered = tstzmultirange(tstzrange(backfill_from, now() - interval '30 min')) WHERE group_id = 'a'`); err != nil {
		t.Fatal(err)
	}
	r, err := Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	a, s := r.Groups[0], r.Sources[0]
	if a.Named || !a.Living || a.LagSeconds > 1 || s.Watermark != nil || s.Living != 0 || s.LagSeconds != 0 {
		t.Errorf("group %+v\nsource %+v", a, s)
	}
	if found := r.Breaches(time.Second); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	var lag float64
	if err := pool.QueryRow(t.Context(), "SELECT lag_seconds FROM aslog.group_lag WHERE group_id = 'a'").Scan(&lag); err != nil || lag > 1 {
		t.Errorf("aslog.group_lag says %v, %v", lag, err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewCollector(pool, "inc"))
	if n, err := testutil.GatherAndCount(registry, "aslogd_watermark_timestamp_seconds"); err != nil || n != 0 {
		t.Errorf("%d watermarks, %v", n, err)
	}
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	pool, owner := fixed(t)
	if _, err := owner.Exec(t.Context(), `INSERT INTO aslog.scaling_action (group_id, action_id, project_id, revision, start_time, first_seen_at, changed_at, shard, seq, content_hash, open, asked_epoch, asked_at)
		SELECT 'a', 'old' || n, 'p', 1, now() - interval '8 days 12 hours', now(), now(), 1, n, '', false, 4, now() FROM generate_series(1, 600) AS n`); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	day := func(from, to int) checkpoint.Span {
		return checkpoint.Span{From: now.AddDate(0, 0, -from), To: now.AddDate(0, 0, -to)}
	}
	for span, want := range map[checkpoint.Span]Estimate{
		day(9, 8): {Source: "s", Groups: 1, Rows: 600, Requests: 9},
		day(9, 7): {Source: "s", Groups: 1, Rows: 1200, Requests: 15, Unread: 0.5},
		day(4, 3): {Source: "s", Groups: 1, Rows: 0, Requests: 3, Unread: 1},
	} {
		got, err := Estimates(t.Context(), pool, span, []string{"a"})
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %+v, %v", span, got, err)
		}
		near := func(a, b, by float64) bool { return a-b <= by && b-a <= by }
		if g := got[0]; g.Groups != 1 || !near(float64(g.Rows), float64(want.Rows), 3) || !near(float64(g.Requests), float64(want.Requests), 1) || !near(g.Unread, want.Unread, 0.01) {
			t.Errorf("%s: %+v, want %+v", span, got, want)
		}
	}
}

func TestCollector(t *testing.T) {
	t.Parallel()
	pool, _ := fixed(t)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewCollector(pool, "inc"))
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	for name, want := range map[string]int{
		"aslogd_journal_head": 1, "aslogd_open_actions": 1, "aslogd_watermark_timestamp_seconds": 1, "aslogd_gaps": 2, "aslogd_lateness_seconds": 1,
	} {
		if n, err := testutil.GatherAndCount(registry, name); err != nil || n != want {
			t.Errorf("%s has %d series, want %d (%v)", name, n, want, err)
		}
	}
	other := prometheus.NewPedanticRegistry()
	other.MustRegister(NewCollector(pool, "another"))
	if n, err := testutil.GatherAndCount(other); err != nil || n != 0 {
		t.Errorf("a replica without shards shows %d series (%v)", n, err)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{0: "0 s", 59.9: "59 s", 60: "1 min", 3661: "1 h 01", 90000: "1 d 1 h"} {
		if got := Age(seconds); got != want {
			t.Errorf("Age(%v) = %q, want %q", seconds, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1\u202f000", -1234567: "-1\u202f234\u202f567"} {
		if got := Thousands(n); got != want {
			t.Errorf("Thousands(%d) = %q, want %q", n, got, want)
		}
	}
}
