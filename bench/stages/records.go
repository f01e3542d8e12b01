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
	latest  string // name of the compacted topic that they came from
}

// Len is how many there are.
func (r *Records) Len() int { return len(r.records) }

// Consume reads what was published under a prefix: one record in each topic for
// each of actions.
func Consume(ctx context.Context, kafka, prefix string, actions int) (*Records, error) {
	from, err := Read(kafka, prefix)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	return from.Next(ctx, 2*actions)
}

// A Reader reads what was published under a prefix, piece by piece, where all of
// it would be too much to keep.
type Reader struct {
	client *kgo.Client
	topics []string
}

// Read begins with the first record of each partition.
func Read(kafka, prefix string) (*Reader, error) {
	topics := []string{broker.ActionsTopic(prefix), broker.LatestTopic(prefix)}
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.ConsumeTopics(topics...),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	return &Reader{client, topics}, nil
}

// Next reads at least so many records more. It fetches nothing between two calls,
// so that what is measured there is not disturbed.
func (r *Reader) Next(ctx context.Context, n int) (*Records, error) {
	r.client.ResumeFetchTopics(r.topics...)
	defer r.client.PauseFetchTopics(r.topics...)
	all := &Records{latest: r.topics[1]}
	for len(all.records) < n {
		fetches := r.client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read what was published (%d of %d records): %w", len(all.records), n, err)
		}
		all.records = append(all.records, fetches.Records()...)
	}
	return all, nil
}

// Close hangs up.
func (r *Reader) Close() { r.client.Close() }

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
		if from.Topic == r.latest {
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
