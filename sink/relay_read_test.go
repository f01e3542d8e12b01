package sink

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"aslogd/sink/broker"
)

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
