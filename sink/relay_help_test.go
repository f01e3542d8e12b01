package sink

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"aslogd/checkpoint"
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

// write appends n rows to the journal, as a commit does.
func (b *relayBench) write(shard, n int, raw func(seq int64) string) {
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
		var rows [][]any
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
			rows = append(rows, []any{shard, seq, r.RecordedAt, r.Source, r.ProjectID, r.GroupID, r.ActionID, r.Revision, r.Change,
				r.Status, r.StartTime, r.ContentHash, text, hash})
		}
		columns := strings.Fields("shard seq recorded_at source project_id group_id action_id revision change status start_time content_hash raw chain_hash")
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"aslog", "journal"}, columns, pgx.CopyFromRows(rows)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE aslog.shard_head SET head_seq = $2, head_hash = $3, head_recorded_at = $4 WHERE shard = $1`, shard, seq, hash, at)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
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

// end is the offset after the last record, or after the last stable one.
func (b *relayBench) end(topic string, partition int, level kafka.IsolationLevel) int64 {
	b.Helper()
	client := kafka.Client{Addr: kafka.TCP(b.addr)}
	var end int64
	b.until("the end of "+topic+" is told", func() bool { // a topic made just now may have no leader yet
		res, err := client.ListOffsets(b.Context(), &kafka.ListOffsetsRequest{
			Topics:         map[string][]kafka.OffsetRequest{topic: {kafka.LastOffsetOf(partition)}},
			IsolationLevel: level,
		})
		if err != nil || res.Topics[topic][0].Error != nil {
			return false
		}
		end = res.Topics[topic][0].LastOffset
		return true
	})
	return end
}

// read is what a read_committed consumer, not ours, sees of a partition.
func (b *relayBench) read(topic string, partition int) (records []*kgo.Record) {
	b.Helper()
	// A commit is acknowledged before its markers are written, so the last
	// stable offset may lag for a moment.
	var end int64
	b.until("no transaction is open in "+topic, func() bool {
		stable := b.end(topic, partition, kafka.ReadCommitted)
		end = b.end(topic, partition, kafka.ReadUncommitted)
		return stable == end
	})
	if end == 0 {
		return nil
	}
	consumer, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {int32(partition): kgo.NewOffset().AtStart()}}))
	if err != nil {
		b.Fatal(err)
	}
	defer consumer.Close()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			b.Fatal(err)
		}
		for it := fetches.RecordIter(); !it.Done(); {
			r := it.Next()
			if !r.Attrs.IsControl() {
				records = append(records, r)
			}
			if r.Offset == end-1 {
				return records
			}
		}
	}
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// mirrors checks that both topics hold the shard's journal, each row once, in
// order, with its chain.
func (b *relayBench) mirrors(shard int) {
	b.Helper()
	rows, err := b.pool.Query(b.Context(), `SELECT seq || ' ' || encode(chain_hash, 'hex') || ' ' || group_id || ' ' || action_id FROM aslog.journal WHERE shard = $1 ORDER BY seq`, shard)
	if err != nil {
		b.Fatal(err)
	}
	journal, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.Fatal(err)
	}
	for _, topic := range []string{broker.ActionsTopic(b.prefix), broker.LatestTopic(b.prefix)} {
		var got []string
		for _, r := range b.read(topic, shard) {
			group, _, _ := strings.Cut(string(r.Key), "/")
			got = append(got, strings.Join([]string{header(r, seqHeader), header(r, chainHeader), group, header(r, "ce_subject")}, " "))
		}
		if len(got) != len(journal) {
			b.Errorf("%s/%d shows %d records, the journal %d", topic, shard, len(got), len(journal))
		}
		for i := range min(len(got), len(journal)) {
			if got[i] != journal[i] {
				b.Fatalf("%s/%d: record %d is\n%s, the journal's row\n%s", topic, shard, i, got[i], journal[i])
			}
		}
	}
}

// A tap stands before a transport: it may refuse, lose or delay.
type tap struct {
	kafka.RoundTripper
	mu     sync.Mutex
	before func(protocol.Message) error // an error keeps the request from being sent
	after  func(protocol.Message) error // an error takes the answer's place
}

func (t *tap) wrap(inner kafka.RoundTripper) kafka.RoundTripper {
	t.RoundTripper = inner
	return t
}

func (t *tap) RoundTrip(ctx context.Context, addr net.Addr, req kafka.Request) (kafka.Response, error) {
	if t.before != nil {
		if err := t.before(req); err != nil {
			return nil, err
		}
	}
	res, err := t.RoundTripper.RoundTrip(ctx, addr, req)
	if err == nil && t.after != nil {
		if lost := t.after(req); lost != nil {
			return nil, lost
		}
	}
	return res, err
}

// set changes a setting of a topic, and waits until it holds.
func (b *relayBench) set(topic, name, value string) {
	b.Helper()
	client := kafka.Client{Addr: kafka.TCP(b.addr)}
	_, err := client.IncrementalAlterConfigs(b.Context(), &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: topic,
			Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: name, Value: value, ConfigOperation: kafka.ConfigOperationSet}},
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	c := broker.New(broker.Config{Brokers: []string{b.addr}})
	defer c.Close()
	b.until(name+" of "+topic+" is "+value, func() bool {
		limit, err := c.Limit(b.Context(), topic)
		return err == nil && fmt.Sprint(limit) == value
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

// trim takes the records below an offset out of a partition, as retention does.
func (b *relayBench) trim(partition int, before int64) {
	b.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 10_000
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = broker.ActionsTopic(b.prefix)
	part := kmsg.NewDeleteRecordsRequestTopicPartition()
	part.Partition, part.Offset = int32(partition), before
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	res, err := req.RequestWith(b.Context(), client)
	if err != nil || res.Topics[0].Partitions[0].ErrorCode != 0 {
		b.Fatalf("delete records: %v %+v", err, res)
	}
}
