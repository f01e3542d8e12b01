package sink

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"

	"aslogd/checkpoint"
	"aslogd/ingest/action"
	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

const testShards = 8

// A relayBench is a database, topics of the test's own, and a shard.
type relayBench struct {
	testing.TB
	pool   *pgxpool.Pool
	addr   string
	prefix string
}

func newRelayBench(t testing.TB) *relayBench {
	t.Helper()
	b := &relayBench{TB: t, pool: testenv.Postgres(t), addr: testenv.Kafka(t)}
	b.topics()
	return b
}

// topics makes a new pair of topics and forgets the former.
func (b *relayBench) topics() {
	b.Helper()
	b.prefix = "t" + strings.ToLower(rand.Text())
	client := broker.New(broker.Config{Brokers: []string{b.addr}})
	b.Cleanup(client.Close)
	if _, _, err := client.EnsureTopics(b.Context(), b.prefix, testShards, -1, -1); err != nil {
		b.Fatal(err)
	}
}

// take gives the shard to an owner under the next epoch.
func (b *relayBench) take(shard int, owner string) checkpoint.Lease {
	b.Helper()
	l := checkpoint.Lease{Shard: shard, Owner: owner}
	err := b.pool.QueryRow(b.Context(), `UPDATE aslog.shard_head SET owner = $2, epoch = epoch + 1 WHERE shard = $1 RETURNING epoch`,
		shard, owner).Scan(&l.Epoch)
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// relay makes a relay; wrap, where given, stands before its transport.
func (b *relayBench) relay(l checkpoint.Lease, wrap func(kafka.RoundTripper) kafka.RoundTripper) *Relay {
	client := broker.New(broker.Config{Brokers: []string{b.addr}, ClientID: l.Owner, Wrap: wrap})
	b.Cleanup(client.Close)
	r := NewRelay(RelayConfig{Pool: b.pool, Lease: l, Broker: client, Prefix: b.prefix, Log: zerolog.Nop()})
	r.idle, r.held = 10*time.Millisecond, 20*time.Millisecond
	return r
}

// start runs a relay until stop is called; what Run says can be had from said.
func (b *relayBench) start(r *Relay) (said <-chan error, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	out, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		out <- r.Run(ctx)
	}()
	stop = func() { cancel(); <-ended }
	b.Cleanup(stop)
	return out, stop
}

// written appends n rows, and is what their commit tells of them.
func (b *relayBench) written(shard, n int) (made []Revision) {
	for _, r := range b.write(shard, n, nil) {
		a, err := action.Read(r.Raw)
		if err != nil {
			b.Fatal(err)
		}
		made = append(made, Revision{r, a})
	}
	return made
}

// write appends n rows to the journal, as a commit does.
func (b *relayBench) write(shard, n int, raw func(seq int64) string) (written []*Row) {
	b.Helper()
	ctx := b.Context()
	err := pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		var seq int64
		var hash []byte
		var at time.Time
		err := tx.QueryRow(ctx, `SELECT head_seq, head_hash, greatest(head_recorded_at, clock_timestamp()) FROM aslog.shard_head WHERE shard = $1 FOR UPDATE`,
			shard).Scan(&seq, &hash, &at)
		if err != nil {
			return err
		}
		var rows []*change
		for range n {
			seq++
			text := fmt.Sprintf(`{"id":"a-%d","status":"SUCCESS","start_time":"2026-02-01T10:00:00Z","instance_added_list":[{"instance_id":"i-%d"}]}`, seq/2, seq)
			if raw != nil {
				text = raw(seq)
			}
			r := rowOf(b, []byte(text))
			r.Shard, r.Seq, r.RecordedAt, r.GroupID = shard, seq, at.UTC(), fmt.Sprintf("g-%d", seq%3)
			r.Revision = 1 + seq%2
			hash = ChainHash(hash, r)
			r.ChainHash = hash
			rows = append(rows, &change{row: r})
			written = append(written, r)
		}
		if err := copyRows(ctx, tx, "journal", journalColumns, rows, journalTuple); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE aslog.shard_head SET head_seq = $2, head_hash = $3, head_recorded_at = $4 WHERE shard = $1`, shard, seq, hash, at)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return written
}

func (b *relayBench) publishedSeq(shard int) (seq int64, stopped string) {
	err := b.pool.QueryRow(context.Background(), `SELECT published_seq, coalesce(stopped, '') FROM aslog.shard WHERE shard = $1`, shard).Scan(&seq, &stopped)
	if err != nil {
		b.Fatal(err)
	}
	return seq, stopped
}

// until waits for a condition.
func (b *relayBench) until(what string, ok func() bool) {
	b.Helper()
	for end := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(end) {
			b.Fatalf("waited a minute until %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func (b *relayBench) untilPublished(shard int, seq int64) {
	b.Helper()
	b.until(fmt.Sprintf("shard %d is published up to %d", shard, seq), func() bool {
		at, _ := b.publishedSeq(shard)
		return at >= seq
	})
}

// noise is text that does not compress well.
func noise(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(rand.Text())
	}
	return b.String()[:n]
}

// publish writes n rows and has them published by an owner that then stops.
func (b *relayBench) publish(shard, n int) {
	b.Helper()
	b.write(shard, n, nil)
	_, stop := b.start(b.relay(b.take(shard, "one"), nil))
	b.untilPublished(shard, b.head(shard))
	stop()
	b.until("the commit's marker is written", func() bool {
		topic := broker.ActionsTopic(b.prefix)
		return b.end(topic, shard, kafka.ReadCommitted) == b.end(topic, shard, kafka.ReadUncommitted)
	})
}

func (b *relayBench) head(shard int) (seq int64) {
	b.Helper()
	if err := b.pool.QueryRow(b.Context(), `SELECT head_seq FROM aslog.shard_head WHERE shard = $1`, shard).Scan(&seq); err != nil {
		b.Fatal(err)
	}
	return seq
}

// stands waits until the shard stands still, and looks for words in why.
func (b *relayBench) stands(shard int, says ...string) {
	b.Helper()
	var stopped string
	b.until("the shard stands still", func() bool { _, stopped = b.publishedSeq(shard); return stopped != "" })
	for _, words := range says {
		if !strings.Contains(stopped, words) {
			b.Errorf("does not say %q: %s", words, stopped)
		}
	}
}

// mends takes new topics, and waits until they mirror the journal.
func (b *relayBench) mends(shard int) {
	b.Helper()
	b.topics()
	r := b.relay(b.take(shard, "mended"), nil)
	_, stop := b.start(r)
	b.until("all is published anew", func() bool {
		at, stopped := b.publishedSeq(shard)
		return stopped == "" && at == b.head(shard)
	})
	if err := r.CheckFork(b.Context()); err != nil {
		b.Errorf("rows may not be numbered: %v", err)
	}
	stop()
	b.mirrors(shard)
}
