package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
	"aslogd/internal/testenv"
)

func small() simulator.Config {
	return simulator.Config{Seed: 3, Groups: 2, ActionsPerGroup: 30, Days: 3}
}

// What breaks: there is no schema when the daemon starts.
// What mends: migrate.
// What must hold: it stays up, says why it is not ready, and goes on by itself.
func TestWaitsForSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small())
	empty := testenv.EmptyPostgresURL(t)
	vars := append(slices.Clone(w.vars), "ASLOGD_DATABASE_URL="+empty)
	stop := start(t, vars)
	until(t, 20*time.Second, "it says what it waits for", func() bool {
		status, body := w.get(t, "/readyz", nil)
		return status == http.StatusServiceUnavailable && strings.Contains(body, "no schema yet: waiting for aslogd migrate")
	})
	if status, _ := w.get(t, "/healthz", nil); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	if status, _ := w.get(t, "/", nil); status != http.StatusOK {
		t.Errorf("the page answers %d", status)
	}
	var out strings.Builder
	if code := run(t.Context(), []string{"healthcheck"}, vars, &out, &out); code != exitFailed || !strings.Contains(out.String(), "not ready") {
		t.Errorf("healthcheck: exit %d, %s", code, out.String())
	}
	if code := run(t.Context(), []string{"migrate"}, vars, &out, &out); code != exitDone {
		t.Fatalf("migrate: exit %d\n%s", code, out.String())
	}
	until(t, 20*time.Second, "it is ready", func() bool {
		return run(t.Context(), []string{"healthcheck"}, vars, &out, &out) == exitDone
	})
	if code := stop(); code != exitDone {
		t.Errorf("it ended with %d", code)
	}
}

// What can never come right ends the daemon, with words about what to do.
func TestRefusesWhatNeverFits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small())
	for _, tc := range []struct {
		name string
		set  string
		code int
		want string
	}{
		{"another number of shards", "ASLOGD_SHARDS=4", exitUsage, "ASLOGD_SHARDS=8"},
		{"a topic with other partitions", "", exitFailed, "ASLOGD_KAFKA_TOPIC_PREFIX"},
	} {
		vars := slices.Clone(w.vars)
		if tc.set != "" {
			vars = append(vars, tc.set)
		} else {
			other := "test-other-" + w.prefix
			var said strings.Builder
			empty := testenv.EmptyPostgresURL(t)
			if code := run(t.Context(), []string{"migrate"}, append(slices.Clone(vars), "ASLOGD_DATABASE_URL="+empty,
				"ASLOGD_KAFKA_TOPIC_PREFIX="+other, "ASLOGD_SHARDS=3"), &said, &said); code != exitDone {
				t.Fatalf("migrate: %d\n%s", code, said.String())
			}
			vars = append(vars, "ASLOGD_KAFKA_TOPIC_PREFIX="+other)
		}
		var out, errs strings.Builder
		if code := run(t.Context(), []string{"run"}, vars, &out, &errs); code != tc.code || !strings.Contains(errs.String(), tc.want) {
			t.Errorf("%s: exit %d, %s", tc.name, code, errs.String())
		}
	}
}

// What breaks: Postgres, Kafka and the API are away at the start.
// What must hold: the process stays up, unready, and stops when told.
func TestStaysUpWithNothingThere(t *testing.T) {
	t.Parallel()
	page := freeAddress("127.0.0.1:0")
	stop := start(t, []string{
		"ASLOGD_DATABASE_URL=postgres://nobody@127.0.0.1:1/none", "ASLOGD_KAFKA_BROKERS=127.0.0.1:1", "ASLOGD_HTTP_ADDR=" + page,
		"ASLOGD_SOURCE_0_AS_URL=http://127.0.0.1:1", "ASLOGD_SOURCE_0_PROJECT_ID=p", "ASLOGD_SOURCE_0_AUTH=none",
	})
	w := &world{page: page}
	until(t, 20*time.Second, "it says that Postgres is away", func() bool {
		status, body := w.get(t, "/readyz", nil)
		return status == http.StatusServiceUnavailable && strings.Contains(body, "Postgres does not answer")
	})
	if code := stop(); code != exitDone {
		t.Errorf("it ended with %d", code)
	}
}

// Kafka away: reading and committing go on, and the journal waits.
func TestLaw07GoesOnWithoutKafka(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small(), "ASLOGD_KAFKA_BROKERS=127.0.0.1:1")
	w.start(t)
	until(t, time.Minute, "all is stored", func() bool { return w.number(t, "SELECT count(*) FROM aslog.scaling_action") == 60 })
	until(t, time.Minute, "it is ready, and says that it is degraded", func() bool {
		status, body := w.get(t, "/readyz", nil)
		return status == http.StatusOK && strings.Contains(body, "degraded: Kafka")
	})
}

func TestPageStatusMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small(), "ASLOGD_HTTP_TOKEN=sesame")
	w.start(t)
	until(t, time.Minute, "all is published and covered", func() bool {
		return w.number(t, "SELECT sum(published_seq)::bigint FROM aslog.shard_published") == 60 &&
			w.number(t, "SELECT count(*) FROM aslog.gap WHERE reason = 'unproven'") == 0
	})
	for _, path := range []string{"/", "/api/status", "/groups/x"} {
		if status, _ := w.get(t, path, nil); status != http.StatusUnauthorized {
			t.Errorf("%s without a token answers %d", path, status)
		}
		if status, _ := w.get(t, path, http.Header{"X-Auth-Token": {"wrong"}}); status != http.StatusUnauthorized {
			t.Errorf("%s with a wrong token answers %d", path, status)
		}
	}
	var id string
	if err := w.pool.QueryRow(t.Context(), "SELECT group_id FROM aslog.scaling_group LIMIT 1").Scan(&id); err != nil {
		t.Fatal(err)
	}
	bearer := http.Header{"Authorization": {"Bearer sesame"}}
	for path, want := range map[string]string{
		"/": "Journal head", "/api/status": `"published_seq"`, "/groups/" + id: "Newest actions",
	} {
		if status, body := w.get(t, path, bearer); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d, without %q", path, status, want)
		}
	}
	basic := http.Header{}
	request := http.Request{Header: basic}
	request.SetBasicAuth("anyone", "sesame")
	if status, _ := w.get(t, "/", basic); status != http.StatusOK {
		t.Errorf("HTTP Basic answers %d", status)
	}
	if status, _ := w.get(t, "/groups/none", bearer); status != http.StatusNotFound {
		t.Errorf("an unknown group answers %d", status)
	}
	_, metrics := w.get(t, "/metrics", nil)
	for _, name := range []string{
		"aslogd_build_info", "aslogd_api_requests_total", "aslogd_api_wait_seconds", "aslogd_revisions_total",
		"aslogd_watermark_timestamp_seconds", "aslogd_open_actions", "aslogd_journal_head", "aslogd_publish_lag_records",
		"aslogd_shards_held 8", "aslogd_leases_lost_total",
	} {
		if !strings.Contains(metrics, name) {
			t.Errorf("no metric %s", name)
		}
	}
	var out strings.Builder
	vars := append(slices.Clone(w.vars), "ASLOGD_HTTP_TOKEN=sesame")
	if code := run(t.Context(), []string{"status", "--check"}, vars, &out, &out); code != exitDone || !strings.Contains(out.String(), "SHARD") {
		t.Errorf("status --check: exit %d\n%s", code, out.String())
	}
	out.Reset()
	if code := run(t.Context(), []string{"config", "--check"}, vars, &out, &out); code != exitDone {
		t.Errorf("config --check: exit %d\n%s", code, out.String())
	}
}

// What breaks: nobody reads for longer than allowed.
// What must hold: status --check exits 3 and names the groups.
func TestStatusCheckFindsLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small())
	stop := w.start(t)
	until(t, time.Minute, "both groups are covered", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.checkpoint WHERE NOT isempty(covered)") == 2
	})
	stop()
	until(t, 30*time.Second, "the lag is found", func() bool {
		var out, errs strings.Builder
		code := run(t.Context(), []string{"status", "--check", "--max-lag", "3s"}, w.vars, &out, &errs)
		return code == exitFound && strings.Contains(errs.String(), "lag, for")
	})
}
