package history

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

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

func fixed(t *testing.T) (writer, owner *pgxpool.Pool) {
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
