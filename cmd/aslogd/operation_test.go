package main

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

func (w *world) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := w.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// call runs a command and returns how it ended and what it said.
func (w *world) call(t *testing.T, ctx context.Context, args ...string) (int, string) {
	t.Helper()
	var out strings.Builder
	code := run(ctx, args, w.vars, &out, &out)
	return code, out.String()
}

// covered waits until everything is stored, published and covered.
func (w *world) covered(t *testing.T, rows int64) {
	t.Helper()
	until(t, time.Minute, "all is stored and covered", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.scaling_action") == rows &&
			w.number(t, "SELECT count(*) FROM aslog.checkpoint WHERE NOT isempty(covered)") == 2 &&
			w.number(t, "SELECT count(*) FROM aslog.gap WHERE reason = 'unproven'") == 0
	})
}

// What breaks: rows are lost from the tables by hand.
// What must hold: reconcile names them, exits 3 and changes nothing; with
// --repair they are there again; then there is nothing to find.
func TestReconcileFindsAndRepairs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small())
	stop := w.start(t)
	w.covered(t, 60)
	stop() // what the daemon remembers of the last minutes goes with it
	w.execute(t, "CREATE TABLE lost AS SELECT group_id, action_id FROM aslog.scaling_action ORDER BY start_time LIMIT 2")
	for _, table := range []string{"scaling_action", "scaling_action_instance", "scaling_action_load_balancer", "scaling_action_reason"} {
		w.execute(t, "DELETE FROM aslog."+table+" WHERE (group_id, action_id) IN (SELECT * FROM lost)")
	}
	w.execute(t, `UPDATE aslog.scaling_action SET content_hash = '\x01ff' WHERE (group_id, action_id) IN (SELECT group_id, action_id FROM aslog.scaling_action ORDER BY start_time LIMIT 1)`)
	w.execute(t, `INSERT INTO aslog.quarantine (seen_at, source, group_id, action_id, reason, raw, raw_hash)
		SELECT now(), 'source0', group_id, action_id, 'refused', '', '' FROM aslog.scaling_action LIMIT 1`)
	w.start(t)
	head := w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard_head")

	code, said := w.call(t, t.Context(), "reconcile", "--from", "10d")
	if code != exitFound || strings.Count(said, "  missing: group") != 2 || strings.Count(said, "  differing: group") != 1 {
		t.Fatalf("reconcile: exit %d\n%s", code, said)
	}
	if n := w.number(t, "SELECT count(*) FROM aslog.scaling_action"); n != 58 {
		t.Errorf("reconcile without --repair left %d rows", n)
	}
	if now := w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard_head"); now != head {
		t.Errorf("reconcile without --repair wrote %d rows to the journal", now-head)
	}
	code, said = w.call(t, t.Context(), "reconcile", "--from", "10d", "--repair")
	if code != exitDone || strings.Count(said, "(stored by now)") != 3 {
		t.Fatalf("reconcile --repair: exit %d\n%s", code, said)
	}
	if n := w.number(t, "SELECT count(*) FROM aslog.scaling_action"); n != 60 {
		t.Errorf("after --repair there are %d rows", n)
	}
	if n := w.number(t, "SELECT count(*) FROM aslog.quarantine WHERE resolved_at IS NULL"); n != 0 {
		t.Errorf("%d are still in quarantine", n)
	}
	until(t, time.Minute, "nothing is left to be found", func() bool {
		code, said = w.call(t, t.Context(), "reconcile", "--from", "10d")
		return code == exitDone && !strings.Contains(said, "  missing")
	})
	if n := w.number(t, "SELECT count(*) FROM aslog.operation WHERE outcome IS NULL OR progress IS NULL"); n != 0 {
		t.Errorf("%d operations have no end", n)
	}
}

// What breaks: the daemon is killed while a backfill is under way, twice.
// What must hold: the operation is the next one's, who ends it; meanwhile status
// shows it, and its gap wakes nobody.
func TestLaw08ABackfillSurvivesItsDaemons(t *testing.T) {
	t.Parallel()
	config := small()
	config.ActionsPerGroup = 7000 // of each group, more than one piece
	w := newWorld(t, config, "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=600")
	stop := w.start(t)
	w.covered(t, 14000)
	stop()
	w.execute(t, "UPDATE aslog.checkpoint SET covered = covered - tstzmultirange(tstzrange(date_trunc('day', now() - interval '2 days'), date_trunc('day', now() - interval '1 day'))), tail_from = backfill_from")

	code, said := w.call(t, t.Context(), "backfill", "--from", "4d", "--all", "--dry-run")
	if code != exitDone || !strings.Contains(said, "requests a minute") || w.number(t, "SELECT count(*) FROM aslog.operation") != 0 {
		t.Fatalf("--dry-run: exit %d\n%s", code, said)
	}
	if code, said = w.call(t, t.Context(), "backfill", "--from", "40d", "--all"); code != exitDone || !strings.Contains(said, "operation 1:") {
		t.Fatalf("backfill: exit %d\n%s", code, said)
	}
	if code, said = w.call(t, t.Context(), "status"); code != exitDone || !strings.Contains(said, "operation 1 (backfill): 0 % read") || !strings.Contains(said, "waits for a daemon") {
		t.Errorf("status: exit %d\n%s", code, said)
	}
	requests := int64(0)
	binary := build(t)
	full := w.vars
	w.vars = append(slices.Clone(full), "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=300") // slow enough to be killed half-way
	for range 2 {
		daemon := w.spawn(t, binary)
		until(t, time.Minute, "the backfill moves", func() bool {
			n := w.number(t, "SELECT sum(requests)::bigint FROM aslog.operation_part")
			moved := n > requests
			requests = n
			return moved
		})
		daemon.kill(t)
	}
	w.vars = full
	w.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, said = w.call(t, ctx, "backfill", "--from", "4d", "--group", w.group(t), "--wait"); code != exitFailed {
		t.Errorf("a command that was stopped at once: exit %d\n%s", code, said)
	}
	until(t, time.Minute, "the backfill ends", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.operation WHERE outcome = 'done'") > 0
	})
	if n := w.number(t, "SELECT count(*) FROM aslog.gap"); n != 0 {
		t.Errorf("%d gaps are left", n)
	}
	if n := w.number(t, "SELECT count(*) FROM (SELECT FROM aslog.journal GROUP BY group_id, action_id, content_hash HAVING count(*) > 1) AS twice"); n != 0 {
		t.Errorf("reading again made %d revisions twice", n)
	}
}

func (w *world) group(t *testing.T) (id string) {
	t.Helper()
	if err := w.pool.QueryRow(t.Context(), "SELECT min(group_id) FROM aslog.scaling_group").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOperationsAreAskedForRightly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Seed: 3, Groups: 1, ActionsPerGroup: 3, Days: 3})
	w.execute(t, `INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, changed_at) VALUES ('known', 'p', 's', 1, now(), now())`)
	w.execute(t, `INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, changed_at, unnamed_at) VALUES ('unnamed', 'p', 's', 1, now(), now(), now())`)
	for _, tc := range []struct {
		args string
		code int
		want string
	}{
		{"backfill --all", exitUsage, "--from"},
		{"backfill --from 1d", exitUsage, "--group or --all"},
		{"backfill --from 1d --all --group known", exitUsage, "--group or --all"},
		{"backfill --from yesterday --all", exitUsage, "neither a time"},
		{"backfill --from 1d --to 2d --all", exitUsage, "is not before"},
		{"backfill --from 1d --group known,strange", exitUsage, "no such group: strange"},
		{"backfill --from 1d --group unnamed", exitUsage, "SOURCE_n_GROUPS names other groups: unnamed"},
		{"reconcile --group strange", exitUsage, "no such group: strange"},
		{"backfill --from 1d --group known --dry-run", exitDone, "3 requests"},
		{"backfill --from 1d --group known", exitDone, "operation 1"},
		{"backfill --from 1d --all", exitDone, "of 1 group"},
		{"backfill --cancel 1 --all", exitUsage, "no other flag"},
		{"backfill --cancel 1", exitDone, "operation 1 cancelled"},
		{"backfill --cancel 1", exitFailed, "operation 1 is not under way"},
	} {
		if code, said := w.call(t, t.Context(), strings.Fields(tc.args)...); code != tc.code || !strings.Contains(said, tc.want) {
			t.Errorf("%s: exit %d, want %d with %q\n%s", tc.args, code, tc.code, tc.want, said)
		}
	}
	vars := slices.Clone(w.vars)
	var out strings.Builder
	if code := run(t.Context(), []string{"backfill", "--help"}, vars, &out, &out); code != exitDone || !strings.Contains(out.String(), "Example") {
		t.Errorf("--help: exit %d\n%s", code, out.String())
	}
}

// What must hold: a dry run says what a backfill then takes, within a tenth and
// one request a group, and never less: for groups of one page, of one piece, and
// of several.
func TestADryRunSaysWhatABackfillTakes(t *testing.T) {
	t.Parallel()
	for _, actions := range []int{30, 1200, 7000} {
		config := small()
		config.ActionsPerGroup = actions
		w := newWorld(t, config, "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=6000")
		w.start(t)
		w.covered(t, int64(2*actions))
		span := []string{"backfill", "--from", "40d", "--to", "1h", "--all"}
		code, said := w.call(t, t.Context(), append(span, "--dry-run")...)
		about := regexp.MustCompile(`(\d[\d,]*) requests`).FindStringSubmatch(said)
		if code != exitDone || about == nil {
			t.Fatalf("--dry-run: exit %d\n%s", code, said)
		}
		reckoned, err := strconv.ParseInt(strings.ReplaceAll(about[1], ",", ""), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if code, said := w.call(t, t.Context(), append(span, "--wait")...); code != exitDone {
			t.Fatalf("backfill: exit %d\n%s", code, said)
		}
		took := w.number(t, "SELECT sum(requests)::bigint FROM aslog.operation_part")
		if reckoned < took || float64(reckoned) > 1.1*float64(took)+2 {
			t.Errorf("%d actions a group: %d requests were reckoned, %d taken", actions, reckoned, took)
		}
	}
}
