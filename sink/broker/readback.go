package broker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
)

const (
	readUncommitted = 0
	readCommitted   = 1
	fetchBytes      = 4 << 20
	earliest        = -2
	latest          = -1
)

// Bounds are a partition's first log offset and its last stable offset: what is
// below that, and not aborted, is committed.
func (b *Broker) Bounds(ctx context.Context, topic string, partition int) (start, stable int64, err error) {
	if start, err = b.offset(ctx, topic, partition, earliest, readCommitted); err != nil {
		return 0, 0, err
	}
	if stable, err = b.offset(ctx, topic, partition, latest, readCommitted); err != nil {
		return 0, 0, err
	}
	return start, stable, nil
}

// End is where a partition's log ends, with what is not committed yet. A transaction
// is acknowledged before its markers are written: for that moment the last stable
// offset is before what it holds, and this is not.
func (b *Broker) End(ctx context.Context, topic string, partition int) (int64, error) {
	return b.offset(ctx, topic, partition, latest, readUncommitted)
}

func (b *Broker) offset(ctx context.Context, topic string, partition int, when int64, level int8) (int64, error) {
	var offset int64
	err := again(ctx, func(ctx context.Context) error {
		res, err := call[*listoffsets.Response](ctx, b, &listoffsets.Request{
			ReplicaID: -1, IsolationLevel: level,
			Topics: []listoffsets.RequestTopic{{
				Topic:      topic,
				Partitions: []listoffsets.RequestPartition{{Partition: int32(partition), CurrentLeaderEpoch: -1, Timestamp: when}},
			}},
		})
		if err != nil {
			return err
		}
		if len(res.Topics) != 1 || len(res.Topics[0].Partitions) != 1 {
			return fmt.Errorf("kafka answered for %d topics instead of one", len(res.Topics))
		}
		part := &res.Topics[0].Partitions[0]
		offset = part.Offset
		return refusal(part.ErrorCode)
	})
	if err != nil {
		return 0, fmt.Errorf("ask for the offsets of %s/%d: %w", topic, partition, err)
	}
	return offset, nil
}

// Answers asks for a partition once, and returns nil where a broker says
// anything at all.
func (b *Broker) Answers(ctx context.Context, topic string, partition int) error {
	_, err := call[*listoffsets.Response](ctx, b, &listoffsets.Request{
		ReplicaID: -1, IsolationLevel: readCommitted,
		Topics: []listoffsets.RequestTopic{{
			Topic:      topic,
			Partitions: []listoffsets.RequestPartition{{Partition: int32(partition), CurrentLeaderEpoch: -1, Timestamp: latest}},
		}},
	})
	var refused kafka.Error // the transport's own, where it knows no such partition
	if err != nil && !errors.As(err, &refused) {
		return fmt.Errorf("ask for %s/%d: %w", topic, partition, err)
	}
	return nil
}

// A Committed is a record that a reader of committed records sees.
type Committed struct {
	Offset int64
	Record protocol.Record
}

// Header is the value of the header with that name, or nil.
func (c *Committed) Header(name string) []byte {
	for _, h := range c.Record.Headers {
		if h.Key == name {
			return h.Value
		}
	}
	return nil
}

// ReadCommitted hands see each committed record with an offset in [from, to),
// in order, without aborted ones and markers. The record's bytes are good only
// during the call.
func (b *Broker) ReadCommitted(ctx context.Context, topic string, partition int, from, to int64, see func(*Committed) error) error {
	for size := int32(fetchBytes); from < to; {
		next, err := b.readSome(ctx, topic, partition, from, to, size, see)
		if err != nil {
			return fmt.Errorf("read %s/%d back from offset %d: %w", topic, partition, from, err)
		}
		if next == from {
			// A batch that did not come whole, though the broker sends the first
			// one whole, or a log whose end is below to. Ask for more, then give up.
			if size > fetchBytes*16 {
				return fmt.Errorf("read %s/%d back: nothing to be had at offset %d of %d", topic, partition, from, to)
			}
			size *= 2
		}
		from = next
	}
	return nil
}

// readSome reads what one answer holds and returns the offset to go on from.
func (b *Broker) readSome(ctx context.Context, topic string, partition int, from, to int64, size int32, see func(*Committed) error) (int64, error) {
	var part *fetch.ResponsePartition
	err := again(ctx, func(ctx context.Context) error {
		res, err := call[*fetch.Response](ctx, b, &fetch.Request{
			ReplicaID: -1, MaxWaitTime: 500, MinBytes: 1, MaxBytes: size,
			IsolationLevel: readCommitted, SessionID: -1, SessionEpoch: -1,
			Topics: []fetch.RequestTopic{{
				Topic: topic,
				Partitions: []fetch.RequestPartition{{
					Partition: int32(partition), CurrentLeaderEpoch: -1,
					FetchOffset: from, LogStartOffset: -1, PartitionMaxBytes: size,
				}},
			}},
		})
		if err != nil {
			return err
		}
		if err := refusal(res.ErrorCode); err != nil {
			return err
		}
		if len(res.Topics) != 1 || len(res.Topics[0].Partitions) != 1 {
			return fmt.Errorf("kafka answered for %d topics instead of one", len(res.Topics))
		}
		part = &res.Topics[0].Partitions[0]
		return refusal(part.ErrorCode)
	})
	if err != nil {
		return 0, err
	}
	stream, ok := part.RecordSet.Records.(*protocol.RecordStream)
	if !ok {
		return from, nil
	}
	next := from
	aborted := newAborted(part.AbortedTransactions)
	for _, records := range stream.Records {
		keep, ended := aborted.keeps(records)
		for {
			r, err := records.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return 0, err
			}
			// A broker answers with whole batches, which may begin before from.
			if keep && r.Offset >= from && r.Offset < to {
				err = see(&Committed{Offset: r.Offset, Record: *r})
			}
			next = max(next, r.Offset+1)
			closeBytes(r)
			if err != nil {
				return 0, err
			}
		}
		if ended != nil {
			ended()
		}
	}
	if next == from && len(stream.Records) > 0 {
		// The first batch that came is the one which the offset is in. Compaction
		// takes records from a batch, even all, and leaves it its last offset.
		next++
	}
	return next, nil
}

func closeBytes(r *protocol.Record) {
	if r.Key != nil {
		_ = r.Key.Close()
	}
	if r.Value != nil {
		_ = r.Value.Close()
	}
}
