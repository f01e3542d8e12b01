package main

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/segmentio/kafka-go"

	"aslogd/internal/embedded"
	"aslogd/internal/simulator"
	"aslogd/internal/testenv"
	"aslogd/internal/verdict"
	"aslogd/sink/broker"
)

// Two dozen groups with something going on in each, in every shard.
func busy() simulator.Config {
	return simulator.Config{Seed: 5, Groups: 24, ActionsPerGroup: 20, Days: 10, LiveRate: 8, Lasting: 2 * time.Second}
}

// What breaks: an asynchronous standby is promoted that lacks the primary's last
// commits, which are published. What must hold: the daemon finds the standby by
// itself; the shards concerned stand still and say by how much, the others go
// on; the procedure of docs/operations.md (stop, recover, start) leaves truth,
// tables, journal and topic agreed.
func TestAPromotedStandbyThatLacksCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, busy())
	primary, err := embedded.Postgres(t.Context(), "", embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { primary.Stop() })
	w.setDatabase(primary.URL)
	w.command(t, exitDone, "migrate")
	standby, err := primary.Standby(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { standby.Stop() })
	w.look(t, primary.URL)
	w.setDatabase(either(t, primary.URL, standby.URL))
	stop := w.start(t)
	w.untilPublished(t)
	if err := standby.Detach(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.look(t, standby.URL)
	had := w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard")
	w.look(t, primary.URL)
	until(t, time.Minute, "the standby lacks what is published", func() bool {
		return w.number(t, "SELECT sum(published_seq)::bigint FROM aslog.shard_published") > had
	})
	primary.Kill()
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.look(t, standby.URL)

	until(t, time.Minute, "shards stand still", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.shard WHERE stopped LIKE '%is ahead of the journal: it holds seq %rows behind%recover --from-topic%'") > 0
	})
	w.othersGoOn(t)
	w.clock.stop()
	if code := stop(); code != exitDone {
		t.Fatalf("the daemon ended with %d", code)
	}
	if said := w.command(t, exitDone, "recover", "--from-topic"); !strings.Contains(said, "brought back seq ") {
		t.Errorf("recover: %s", said)
	}
	w.start(t)
	w.agrees(t)
}

// What breaks: the topics are deleted and made anew under the daemon. What must
// hold: nothing lands in the new ones, the shards say so; the procedure (stop, a
// new prefix, migrate, start) publishes all of the journal, once.
func TestATopicMadeAnewUnderTheDaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t, busy())
	stop := w.start(t)
	w.untilPublished(t)
	client := kafka.Client{Addr: kafka.TCP(w.kafka)}
	if _, err := client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{
		Topics: []string{broker.ActionsTopic(w.prefix), broker.LatestTopic(w.prefix)},
	}); err != nil {
		t.Fatal(err)
	}
	until(t, time.Minute, "migrate makes the topics anew", func() bool {
		var said strings.Builder
		return run(t.Context(), []string{"migrate"}, append(slices.Clone(w.vars), "ASLOGD_DATABASE_URL="+testenv.OwnerURL(w.database())), &said, &said) == exitDone &&
			strings.Contains(said.String(), w.prefix+".actions.v1")
	})
	until(t, time.Minute, "shards stand still", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.shard WHERE stopped LIKE '%was acknowledged at offset %was made anew%ASLOGD_KAFKA_TOPIC_PREFIX%' "+
			"OR stopped LIKE '%acknowledged at offset %is not there%ASLOGD_KAFKA_TOPIC_PREFIX%'") > 0
	})
	stop()
	w.newPrefix(t)
	w.clock.stop()
	w.start(t)
	w.agrees(t)
}

// What breaks: a second database is pointed at the prefix. What must hold: it
// numbers nothing and says why, the first goes on; with a prefix of its own
// (the procedure) it records everything too.
func TestTwoDatabasesOnOnePrefix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, busy())
	w.start(t)
	w.untilPublished(t)
	second := &world{clock: w.clock, cloud: w.cloud, kafka: w.kafka, prefix: w.prefix, page: freeAddress("127.0.0.1:0"), vars: slices.Clone(w.vars)}
	second.vars = append(second.vars, "ASLOGD_HTTP_ADDR="+second.page, "ASLOGD_INSTANCE=second")
	url := testenv.PostgresURL(t)
	second.setDatabase(url)
	second.look(t, testenv.OwnerURL(url))
	stop := second.start(t)
	until(t, time.Minute, "the second one's shards stand still", func() bool {
		return second.number(t, "SELECT count(*) FROM aslog.shard WHERE stopped LIKE '%does another database publish under this prefix?%'") > 0
	})
	if n := second.number(t, "SELECT count(*) FROM aslog.journal j JOIN aslog.shard s USING (shard) WHERE s.stopped IS NOT NULL"); n > 0 {
		t.Errorf("it numbered %d rows there", n)
	}
	w.othersGoOn(t)
	stop()
	second.newPrefix(t)
	w.clock.stop()
	second.start(t)
	second.agrees(t)
	w.agrees(t)
}

// command runs one as the owner of the schema and returns what it said.
func (w *world) command(t *testing.T, want int, args ...string) string {
	t.Helper()
	var said strings.Builder
	if code := run(t.Context(), args, w.vars, &said, &said); code != want {
		t.Fatalf("%s: exit %d\n%s", strings.Join(args, " "), code, said.String())
	}
	return said.String()
}

// look sends the test's own questions to another database from here on.
func (w *world) look(t *testing.T, url string) {
	t.Helper()
	if w.pool != nil {
		w.pool.Close()
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	w.pool = pool
	t.Cleanup(pool.Close)
}

// newPrefix is the second step of that procedure: a name, and migrate.
func (w *world) newPrefix(t *testing.T) {
	t.Helper()
	w.prefix += "-new"
	w.vars = append(w.vars, "ASLOGD_KAFKA_TOPIC_PREFIX="+w.prefix)
	var said strings.Builder
	owner := append(slices.Clone(w.vars), "ASLOGD_DATABASE_URL="+testenv.OwnerURL(w.database()))
	if code := run(t.Context(), []string{"migrate"}, owner, &said, &said); code != exitDone {
		t.Fatalf("migrate: exit %d\n%s", code, said.String())
	}
}

func (w *world) untilPublished(t *testing.T) {
	t.Helper()
	until(t, time.Minute, "the backlog is published, of each shard that has groups", func() bool {
		return w.number(t, "SELECT count(*) FROM aslog.scaling_group") == 24 &&
			w.number(t, "SELECT count(*) FROM aslog.scaling_action") >= 480 &&
			w.number(t, "SELECT count(*) FROM aslog.shard WHERE published_seq = 0 AND shard IN (SELECT shard FROM aslog.scaling_group)") == 0
	})
}

// othersGoOn waits until each shard that does not stand still, and has groups,
// has published more.
func (w *world) othersGoOn(t *testing.T) {
	t.Helper()
	former := make([]int64, 8)
	for shard := range former {
		former[shard] = w.number(t, "SELECT published_seq FROM aslog.shard WHERE shard = $1", shard)
	}
	until(t, time.Minute, "the other shards go on", func() bool {
		return w.number(t, `SELECT count(*) FROM aslog.shard WHERE stopped IS NULL AND published_seq <= ($1::bigint[])[shard + 1]
			AND shard IN (SELECT shard FROM aslog.scaling_group)`, former) == 0
	})
}

// agrees waits until truth, tables, journal and topic agree, and nothing is
// published twice, out of order, or under another row's seq.
func (w *world) agrees(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var v *verdict.Verdict
	until(t, time.Minute, "all is read, stored and published", func() bool {
		if w.number(t, "SELECT count(*) FROM aslog.shard WHERE stopped IS NOT NULL OR head_seq > published_seq") > 0 {
			return false
		}
		var err error
		if v, err = verdict.Of(ctx, w.cloud.Truth(), w.pool, []string{w.kafka}, w.prefix); err != nil {
			t.Fatal(err)
		}
		return v.Missing == 0 && v.Wrong == 0
	})
	if !v.Good() || v.Records != v.Revisions {
		t.Errorf("%+v", *v)
	}
}

// either is the address of whichever of two servers takes writes.
func either(t *testing.T, first, second string) string {
	t.Helper()
	a, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := url.Parse(second)
	if err != nil {
		t.Fatal(err)
	}
	a.Host += "," + b.Host
	a.RawQuery += "&target_session_attrs=read-write"
	return a.String()
}

// Before a daemon is started, config --check says that the stores disagree, by
// what Postgres noted and by what the topic shows.
func TestConfigCheckComparesTheStores(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small())
	stop := w.start(t)
	until(t, time.Minute, "all is published", func() bool {
		return w.number(t, "SELECT sum(published_seq)::bigint FROM aslog.shard_published") == 60
	})
	stop()
	if said := w.command(t, exitDone, "config", "--check"); !strings.Contains(said, "ok      journal and topic") {
		t.Errorf("they agree, and it says\n%s", said)
	}
	for set, want := range map[string]string{
		"log_offset = 900":       "but seq ",
		"cluster_id = 'another'": "in Kafka cluster another, but this is cluster ",
		"stopped = 'by 8 rows'":  "stands still: by 8 rows",
	} {
		if _, err := w.pool.Exec(t.Context(), "UPDATE aslog.shard_published SET "+set+" WHERE published_seq > 0"); err != nil {
			t.Fatal(err)
		}
		if said := w.command(t, exitFound, "config", "--check"); !strings.Contains(said, "FAILED  journal and topic: ") || !strings.Contains(said, want) {
			t.Errorf("%s: it says\n%s", set, said)
		}
		if _, err := w.pool.Exec(t.Context(), "UPDATE aslog.shard_published SET log_offset = 0, cluster_id = '', stopped = NULL"); err != nil {
			t.Fatal(err)
		}
	}
}
