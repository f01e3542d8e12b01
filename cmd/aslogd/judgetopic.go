package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// readTopic reads the topic to its end, as a consumer would and with another
// client than the daemon's own, and holds each record against the journal row
// that it must be.
func (v *verdict) readTopic(ctx context.Context, journal *journalRows, brokers []string, topic string, partitions int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Control records are no records, but they tell how far the reading is.
		kgo.KeepControlRecords())
	if err != nil {
		return fmt.Errorf("reach the brokers: %w", err)
	}
	defer client.Close()
	ends, err := stableEnds(ctx, client, topic, partitions)
	if err != nil {
		return fmt.Errorf("ask for the end of topic %s: %w", topic, err)
	}
	at := map[int32]kgo.Offset{}
	for partition := range ends {
		at[partition] = kgo.NewOffset().AtStart()
	}
	if len(at) > 0 {
		client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: at})
	}
	seen := map[int]int{} // records by shard
	for len(ends) > 0 {
		fetches := client.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fetches.Err()); err != nil {
			return fmt.Errorf("read topic %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= ends[r.Partition] {
				delete(ends, r.Partition)
			}
			if !r.Attrs.IsControl() {
				v.hold(r, journal, seen)
			}
		})
	}
	for shard, ids := range journal.ids {
		for _, id := range ids[min(seen[shard], len(ids)):] {
			v.note(&v.Missing, "revision %s is not in the topic", id)
		}
	}
	return nil
}

// hold judges one record: it must be the journal row after the one before.
func (v *verdict) hold(r *kgo.Record, journal *journalRows, seen map[int]int) {
	v.Records++
	shard := int(r.Partition)
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	seq, err := strconv.Atoi(headers["aslogd-seq"])
	ids := journal.ids[shard]
	switch {
	case err != nil || seq < 1 || seq > len(ids) || ids[seq-1] != headers["ce_id"]:
		v.note(&v.Unexpected, "partition %d holds %q with seq %q", shard, headers["ce_id"], headers["aslogd-seq"])
	case seq != seen[shard]+1:
		v.note(&v.Repeated, "partition %d holds seq %d after %d", shard, seq, seen[shard])
	default:
		seen[shard]++
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
