package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

func connect(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// live runs committer and relay of shard 3 under the lease, until the batches
// are committed and published.
func (b *relayBench) live(l checkpoint.Lease, batches ...*ingest.Batch) (sum ingest.Outcome) {
	b.Helper()
	r := b.relay(l, nil)
	c := NewCommitter(CommitterConfig{Pool: b.pool, Lease: l, Settle: time.Hour, Made: r.Made, Wake: r.Wake, Before: r.CheckFork, Again: r.CheckAgain, Moved: r.Moved})
	c.idle, c.pause = 10*time.Millisecond, 5*time.Millisecond
	_, stop := b.start(r)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.Run(ctx) }()
	for _, n := range batches {
		n.Epoch = l.Epoch
		out := commit(b, c, n)
		sum.New, sum.Changed, sum.Stale = sum.New+out.New, sum.Changed+out.Changed, sum.Stale+out.Stale
	}
	cancel()
	<-ended
	var head int64
	if err := b.pool.QueryRow(b.Context(), `SELECT head_seq FROM aslog.shard WHERE shard = 3`).Scan(&head); err != nil {
		b.Fatal(err)
	}
	r.Wake()
	b.untilPublished(3, head)
	stop()
	return sum
}

// allOf is all that a reader of the tables can see of the actions.
func allOf(t testing.TB, pool *pgxpool.Pool) map[string]string {
	t.Helper()
	all := map[string]string{}
	for table, sql := range map[string]string{
		"journal": `SELECT shard, seq, recorded_at::text, source, project_id, group_id, group_name, action_id, revision, change, status, type,
			start_time::text, end_time::text, instance_value, desire_value, scaling_value, encode(content_hash, 'hex'), raw::text, encode(chain_hash, 'hex')
			FROM aslog.journal ORDER BY shard, seq`,
		"actions": `SELECT group_id, action_id, project_id, revision, status, type, start_time::text, end_time::text, instance_value, desire_value,
			scaling_value, description, first_seen_at::text, changed_at::text, shard, seq, encode(content_hash, 'hex'), raw::text, open,
			earlier_hashes::text FROM aslog.scaling_action ORDER BY group_id, action_id`,
		"instances":  `SELECT t::text FROM aslog.scaling_action_instance t ORDER BY 1`,
		"balancers":  `SELECT t::text FROM aslog.scaling_action_load_balancer t ORDER BY 1`,
		"reasons":    `SELECT t::text FROM aslog.scaling_action_reason t ORDER BY 1`,
		"quarantine": `SELECT source, group_id, action_id, reason, detail, encode(raw_hash, 'hex') FROM aslog.quarantine ORDER BY 2, 3, 4, 6`,
		"head":       `SELECT shard, head_seq, encode(head_hash, 'hex'), head_recorded_at::text FROM aslog.shard_head ORDER BY 1`,
	} {
		all[table] = text(t, pool, sql)
	}
	return all
}

func (b *relayBench) recover(l checkpoint.Lease, progress func(int64, int64)) (Recovered, error) {
	client := broker.New(broker.Config{Brokers: []string{b.addr}})
	b.Cleanup(client.Close)
	return b.recoverUnder(b.Context(), client, l, progress)
}

func (b *relayBench) recoverUnder(ctx context.Context, client *broker.Broker, l checkpoint.Lease, progress func(int64, int64)) (Recovered, error) {
	return Recover(ctx, RecoverConfig{Pool: b.pool, Lease: l, Broker: client, Prefix: b.prefix, TransactionTimeout: 10 * time.Second, Progress: progress})
}

const odd = `{ "id":"odd","status":"FAIL", "start_time" : "2026-02-01T10:02:00Z","instance_value":"seven", "note":"<&> \u0000 \ud83d\ude00 Größe",
	"instance_failed_list":[{"instance_id":"i-9","failed_reason":"a\u0000b","instance_config":{"flavor":  "s3"}}],
	"lb_bind_success":[{"elb_pool_id":"p","protocol_port":80}]}`

func many(t testing.TB, from, n int) (all []ingest.Seen) {
	for i := range n {
		all = append(all, seen(t, 30, success(fmt.Sprintf("m-%05d", from+i), fmt.Sprintf("i-%d", i))))
	}
	return all
}

// What breaks: Postgres goes back to a backup, five reads and a thousand
// rows behind the topic. What mends: recover. What must hold: journal and tables
// are byte for byte what they were, the shard goes on without a seq repeated,
// and reading everything again makes no revision.
func TestRecoverBringsBackWhatTheTopicHolds(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	b := &relayBench{TB: t, pool: connect(t, url), addr: testenv.Kafka(t)}
	b.topics()
	begin := batch("one", seen(t, 1, doing("a")), seen(t, 1, doing("b")))
	begin.Begin = &ingest.Begin{From: day.AddDate(0, -2, 0), Tail: day}
	begin.Covered = []ingest.Span{{From: day.AddDate(0, -2, 0), To: day.Add(time.Hour)}}
	b.live(b.take(3, "first"), begin, batch("two", many(t, 0, 20)...))

	b.pool.Close()
	backup := testenv.CopyURL(t, url)
	b.pool = connect(t, url)
	later := []*ingest.Batch{
		batch("one", seen(t, 10, success("a", "i-7")), seen(t, 10, odd)),
		batch("new", seen(t, 10, doing("a")), seen(t, 10, success("z", "i-1"))),
		batch("one", seen(t, 20, success("a", "i-8")), seen(t, 20, success("b", "i-8"))),
		batch("two", many(t, 20, 1300)...),
		batch("new", seen(t, 30, success("a", "i-5"))),
	}
	b.live(b.take(3, "first"), later...)
	before := allOf(t, b.pool)
	b.mirrors(3)

	b.pool.Close()
	b.pool = connect(t, backup)
	var fork *Fork
	if err := b.relay(b.take(3, "second"), nil).CheckFork(t.Context()); !errors.As(err, &fork) || !strings.Contains(fork.What, "recover --from-topic") {
		t.Fatalf("the shard goes on behind its topic: %v", err)
	}
	done, err := b.recover(b.take(3, "recover"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "what it says", fmt.Sprintf("%+v", done), "{Shard:3 First:23 Last:1329 Groups:3 Head:22 Topic:1329}")
	after := allOf(t, b.pool)
	for table := range before {
		if before[table] != after[table] {
			t.Errorf("%s is not what it was:\n%.3000s\nwas\n%.3000s", table, after[table], before[table])
		}
	}
	want(t, "the shard", text(t, b.pool, `SELECT published_seq, coalesce(stopped, 'goes on') FROM aslog.shard WHERE shard = 3`), "1329 goes on")
	want(t, "the coverage", text(t, b.pool, `SELECT covered::text, watermark = upper(covered) FROM aslog.checkpoint WHERE group_id = 'one'`),
		`{["2026-01-01 00:00:00+00","2026-02-01 10:00:00+00")} true`)

	if done, err = b.recover(b.take(3, "recover"), nil); err != nil || done.Last != 0 {
		t.Errorf("once more: %+v %v", done, err)
	}
	out := b.live(b.take(3, "third"), append(later, batch("one", seen(t, 40, success("c", "i-1"))))...)
	want(t, "reading again: new, changed, stale", fmt.Sprint(out.New, out.Changed, out.Stale), "1 0 2") // two were earlier states
	b.mirrors(3)
	want(t, "the head", text(t, b.pool, `SELECT head_seq FROM aslog.shard_head WHERE shard = 3`), "1330")
}

// What breaks: a recovery is ended between two transactions. What must hold:
// nobody numbers rows meanwhile, not even where Kafka cannot be asked; running
// it again ends it.
func TestRecoverMayBeEndedAnywhere(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	b := &relayBench{TB: t, pool: connect(t, url), addr: testenv.Kafka(t)}
	b.topics()
	b.live(b.take(3, "first"), batch("one", seen(t, 1, doing("a"))))
	b.pool.Close()
	backup := testenv.CopyURL(t, url)
	b.pool = connect(t, url)
	b.live(b.take(3, "first"), batch("two", many(t, 0, 1500)...), batch("one", seen(t, 10, success("a", "i-7"))))
	before := allOf(t, b.pool)
	b.pool.Close()
	b.pool = connect(t, backup)

	ctx, cancel := context.WithCancel(t.Context())
	client := broker.New(broker.Config{Brokers: []string{b.addr}})
	t.Cleanup(client.Close)
	done, err := b.recoverUnder(ctx, client, b.take(3, "recover"), func(int64, int64) { cancel() })
	if !errors.Is(err, context.Canceled) || done.Last != 1001 {
		t.Fatalf("it was not ended in the middle: %+v %v", done, err)
	}
	away := broker.New(broker.Config{Brokers: []string{"127.0.0.1:1"}})
	t.Cleanup(away.Close)
	r := NewRelay(RelayConfig{Pool: b.pool, Lease: b.take(3, "second"), Broker: away, Prefix: b.prefix})
	r.patience = 300 * time.Millisecond
	var fork *Fork
	if err := r.CheckFork(t.Context()); !errors.As(err, &fork) || !strings.Contains(fork.What, "run it again") {
		t.Errorf("rows may be numbered: %v", err)
	}
	if done, err = b.recover(b.take(3, "recover"), nil); err != nil || done.First != 1002 {
		t.Fatalf("%+v %v", done, err)
	}
	for table, was := range before {
		if got := allOf(t, b.pool)[table]; got != was {
			t.Errorf("%s is not what it was", table)
		}
	}
}

// What breaks: the topic cannot give back what the journal lacks. What must
// hold: it says which row and why, writes nothing from there on, and the shard
// stands still.
func TestRecoverStopsWhereItMust(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		wreck func(b *relayBench) // after shard 3 was published up to 20
		says  []string
		back  int64 // the journal's head afterwards
	}{
		{"another database's rows", func(b *relayBench) {
			b.pool = testenv.Postgres(b)
			b.write(3, 12, nil)
		}, []string{"different stories at seq 12", "ASLOGD_KAFKA_TOPIC_PREFIX"}, 12},
		{"a journal that went on by itself", func(b *relayBench) {
			b.pool = testenv.Postgres(b)
			b.write(3, 25, nil)
		}, []string{"different stories at seq 20", "the topic's last"}, 25},
		{"a topic whose old records are gone", func(b *relayBench) {
			b.pool = testenv.Postgres(b)
			b.trim(3, 5)
		}, []string{"lacks what follows seq 0", "goes on with seq 6", "5 rows"}, 0},
		{"another lineage from the first row on", func(b *relayBench) {
			b.pool = testenv.Postgres(b)
			exec(b, b.pool, `UPDATE aslog.shard_head SET head_hash = sha256('x') WHERE shard = 3`)
		}, []string{"seq 1 of", "does not follow from the journal's row 0"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRelayBench(t)
			b.write(3, 20, nil)
			_, stop := b.start(b.relay(b.take(3, "one"), nil))
			b.untilPublished(3, 20)
			stop()
			c.wreck(b)
			_, err := b.recover(b.take(3, "recover"), nil)
			b.refused(err, c.says, c.back)
		})
	}
	t.Run("a record that was too large for the topic", func(t *testing.T) {
		t.Parallel()
		url := testenv.PostgresURL(t)
		b := &relayBench{TB: t, pool: connect(t, url), addr: testenv.Kafka(t)}
		b.topics()
		for _, topic := range []string{broker.ActionsTopic(b.prefix), broker.LatestTopic(b.prefix)} {
			b.set(topic, "max.message.bytes", "20000")
		}
		b.pool.Close()
		backup := testenv.CopyURL(t, url)
		b.pool = connect(t, url)
		large := fmt.Sprintf(`{"id":"large","padding":%q}`, noise(40_000))
		b.live(b.take(3, "one"), batch("g", seen(t, 1, doing("a"))), batch("g", seen(t, 1, large)), batch("g", seen(t, 1, doing("b"))))
		b.pool.Close()
		b.pool = connect(t, backup)
		_, err := b.recover(b.take(3, "recover"), nil)
		b.refused(err, []string{"seq 2 of", "without its raw record", "restore a newer backup"}, 1)
	})
}

func (b *relayBench) refused(err error, says []string, back int64) {
	b.Helper()
	var fork *Fork
	if !errors.As(err, &fork) {
		b.Fatalf("it did not stop: %v", err)
	}
	for _, words := range says {
		if !strings.Contains(fork.What, words) {
			b.Errorf("does not say %q: %s", words, fork.What)
		}
	}
	_, stopped := b.publishedSeq(3)
	want(b, "the shard stands still", stopped, fork.What)
	want(b, "the journal", text(b, b.pool, `SELECT coalesce(max(seq), 0) FROM aslog.journal`), back)
	want(b, "its head", text(b, b.pool, `SELECT head_seq FROM aslog.shard_head WHERE shard = 3`), back)
}
