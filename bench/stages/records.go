package stages

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"aslogd/sink/broker"
)

// Records are what a backfill published, in both topics.
type Records struct {
	records []*kgo.Record
	latest  map[*kgo.Record]bool
}

// Consume reads what was published under a prefix: one record in each topic for
// each of actions.
func Consume(ctx context.Context, kafka, prefix string, actions int) (*Records, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.ConsumeTopics(broker.ActionsTopic(prefix), broker.LatestTopic(prefix)),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	r := &Records{latest: map[*kgo.Record]bool{}}
	for len(r.records) < 2*actions {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read what was published (%d of %d records): %w", len(r.records), 2*actions, err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			r.latest[record] = record.Topic == broker.LatestTopic(prefix)
			r.records = append(r.records, record)
		})
	}
	return r, nil
}

// Produce writes the records to the topics of another prefix, each to the
// partition that it had.
func (r *Records) Produce(ctx context.Context, kafka, prefix string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.ZstdCompression()), kgo.MaxBufferedRecords(20_000))
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	var failed atomic.Pointer[error]
	for _, from := range r.records {
		topic := broker.ActionsTopic(prefix)
		if r.latest[from] {
			topic = broker.LatestTopic(prefix)
		}
		to := &kgo.Record{Topic: topic, Partition: from.Partition, Key: from.Key, Value: from.Value, Headers: from.Headers, Timestamp: from.Timestamp}
		client.Produce(ctx, to, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	if err := failed.Load(); err != nil {
		return fmt.Errorf("produce: %w", *err)
	}
	return nil
}
