package verdict

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"aslogd/sink/broker"
)

// readTopics reads both topics to their ends, as a read_committed consumer would
// and with another client than the daemon's own.
func (e *Evidence) readTopics(ctx context.Context, pool *pgxpool.Pool, brokers []string, prefix string) (err error) {
	e.Topics = true
	var partitions int
	if err := pool.QueryRow(ctx, "SELECT shards FROM aslog.schema_info").Scan(&partitions); err != nil {
		return fmt.Errorf("read the number of shards: %w", err)
	}
	if e.Records, err = readTopic(ctx, brokers, broker.ActionsTopic(prefix), partitions); err != nil {
		return err
	}
	e.Latest, err = readTopic(ctx, brokers, broker.LatestTopic(prefix), partitions)
	return err
}

func readTopic(ctx context.Context, brokers []string, topic string, partitions int) (records []Record, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Control records are no records, but they tell how far the reading is.
		kgo.KeepControlRecords())
	if err != nil {
		return nil, fmt.Errorf("reach the brokers: %w", err)
	}
	defer client.Close()
	ends, err := stableEnds(ctx, client, topic, partitions)
	if err != nil {
		return nil, fmt.Errorf("ask for the end of topic %s: %w", topic, err)
	}
	at := map[int32]kgo.Offset{}
	for partition := range ends {
		at[partition] = kgo.NewOffset().AtStart()
	}
	if len(at) > 0 {
		client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: at})
	}
	for len(ends) > 0 {
		fetches := client.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fetches.Err()); err != nil {
			return nil, fmt.Errorf("read topic %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			end, wanted := ends[r.Partition]
			if r.Offset+1 >= end {
				delete(ends, r.Partition)
			}
			if wanted && r.Offset < end && !r.Attrs.IsControl() {
				records = append(records, recordOf(r))
			}
		})
	}
	return records, nil
}

func recordOf(r *kgo.Record) Record {
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	return Record{
		Partition: int(r.Partition), Seq: headers["aslogd-seq"], Chain: headers["aslogd-chain"], ID: headers["ce_id"],
		Key: string(r.Key), Millis: r.Timestamp.UnixMilli(), Value: valueOf(r.Value),
	}
}

// stableEnds asks where a read_committed reader's view of each partition ends;
// partitions that hold nothing are left out.
func stableEnds(ctx context.Context, client *kgo.Client, topic string, partitions int) (map[int32]int64, error) {
	request := kmsg.NewPtrListOffsetsRequest()
	request.IsolationLevel = 1
	asked := kmsg.NewListOffsetsRequestTopic()
	asked.Topic = topic
	for p := range partitions {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Partition, partition.Timestamp = int32(p), -1
		asked.Partitions = append(asked.Partitions, partition)
	}
	request.Topics = append(request.Topics, asked)
	ends := map[int32]int64{}
	for _, shard := range client.RequestSharded(ctx, request) {
		if shard.Err != nil {
			return nil, shard.Err
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, err
				}
				if p.Offset > 0 {
					ends[p.Partition] = p.Offset
				}
			}
		}
	}
	return ends, nil
}
