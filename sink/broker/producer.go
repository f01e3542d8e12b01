package broker

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

// A Producer is one incarnation of a transactional id. After any error of its
// Publish it is of no further use: what became of the transaction is unknown,
// and a new Producer ends it. It is not safe for concurrent use.
type Producer struct {
	broker    *Broker
	id        string
	producer  int64
	epoch     int16
	sequences map[string]int32 // next sequence by topic and partition
	ends      map[string]int64 // offset of the newest record by topic and partition, where it is known
}

// Producer takes the transactional id over: it fences whoever had it, and ends
// their open transaction before it returns. A transaction that stays open for
// longer than timeout is ended by the coordinator.
func (b *Broker) Producer(ctx context.Context, id string, timeout time.Duration) (*Producer, error) {
	p := &Producer{broker: b, id: id, sequences: map[string]int32{}, ends: map[string]int64{}}
	err := again(ctx, func(ctx context.Context) error {
		res, err := call[*initproducerid.Response](ctx, b, &initproducerid.Request{
			TransactionalID:      id,
			TransactionTimeoutMs: int32(timeout.Milliseconds()),
			ProducerID:           -1,
			ProducerEpoch:        -1,
		})
		if err != nil {
			return err
		}
		p.producer, p.epoch = res.ProducerID, res.ProducerEpoch
		return refusal(res.ErrorCode)
	})
	if err != nil {
		return nil, fmt.Errorf("take over transactional id %s: %w", id, err)
	}
	return p, nil
}

// Follows says at which offset the newest record of a partition stands. What
// Publish writes has to come after it: an offset that does not is one of another
// topic of that name, and the transaction is not committed.
func (p *Producer) Follows(topic string, partition int, offset int64) {
	p.ends[place(topic, partition)] = offset
}

func place(topic string, partition int) string { return fmt.Sprintf("%s/%d", topic, partition) }

// Publish commits all batches to one partition number of their topics in one
// transaction, and returns the log offset of each batch's first record. On an
// error it is unknown whether the transaction was committed, save for
// ErrTooLarge, ErrMadeAnew and ErrFenced, of which the first two never commit.
func (p *Producer) Publish(ctx context.Context, partition int, batches []Batch) ([]int64, error) {
	if err := p.join(ctx, partition, batches); err != nil {
		return nil, fmt.Errorf("begin a transaction of %s: %w", p.id, err)
	}
	offsets := make([]int64, len(batches))
	for i, batch := range batches {
		offset, err := p.produce(ctx, partition, batch)
		if err != nil {
			return nil, fmt.Errorf("produce %d records to %s/%d: %w", len(batch.Records), batch.Topic, partition, err)
		}
		at := place(batch.Topic, partition)
		if end, known := p.ends[at]; known && offset <= end {
			return nil, fmt.Errorf("%w: %s took a record at offset %d, after one at offset %d", ErrMadeAnew, at, offset, end)
		}
		offsets[i] = offset
	}
	if err := p.commit(ctx); err != nil {
		return nil, fmt.Errorf("commit a transaction of %s: %w", p.id, err)
	}
	for i, batch := range batches {
		p.Follows(batch.Topic, partition, offsets[i]+int64(len(batch.Records))-1)
	}
	return offsets, nil
}

// join adds the partitions to the transaction, which begins it. Right after a
// commit the coordinator often answers that the former transaction is still
// ending.
func (p *Producer) join(ctx context.Context, partition int, batches []Batch) error {
	var topics []addpartitionstotxn.RequestTopic
	seen := map[string]bool{}
	for _, batch := range batches {
		if !seen[batch.Topic] {
			seen[batch.Topic] = true
			topics = append(topics, addpartitionstotxn.RequestTopic{Name: batch.Topic, Partitions: []int32{int32(partition)}})
		}
	}
	return again(ctx, func(ctx context.Context) error {
		res, err := call[*addpartitionstotxn.Response](ctx, p.broker, &addpartitionstotxn.Request{
			TransactionalID: p.id, ProducerID: p.producer, ProducerEpoch: p.epoch, Topics: topics,
		})
		if err != nil {
			return err
		}
		for _, topic := range res.Results {
			for _, part := range topic.Results {
				if err := refusal(part.ErrorCode); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// produce sends one batch. The sequence lets the broker tell a repetition from
// a new batch, so that asking again after a refusal never writes twice.
func (p *Producer) produce(ctx context.Context, partition int, batch Batch) (int64, error) {
	at := place(batch.Topic, partition)
	encoded := encode(batch.Records, p.producer, p.epoch, p.sequences[at])
	var offset int64
	err := again(ctx, func(ctx context.Context) error {
		res, err := call[*produce.Response](ctx, p.broker, &rawproduce.Request{
			TransactionalID: p.id,
			Acks:            -1,
			Timeout:         int32((requestTimeout / 2).Milliseconds()),
			Topics: []rawproduce.RequestTopic{{
				Topic: batch.Topic,
				Partitions: []rawproduce.RequestPartition{{
					Partition: int32(partition),
					RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(encoded)},
				}},
			}},
		})
		if err != nil {
			return err
		}
		if len(res.Topics) != 1 || len(res.Topics[0].Partitions) != 1 {
			return fmt.Errorf("kafka answered for %d topics instead of one", len(res.Topics))
		}
		part := &res.Topics[0].Partitions[0]
		if err := refusal(part.ErrorCode); err != nil {
			if part.ErrorMessage != "" {
				return fmt.Errorf("%w (%s)", err, part.ErrorMessage)
			}
			return err
		}
		offset = part.BaseOffset
		return nil
	})
	if err != nil {
		return 0, err
	}
	p.sequences[at] += int32(len(batch.Records))
	return offset, nil
}

func (p *Producer) commit(ctx context.Context) error {
	return again(ctx, func(ctx context.Context) error {
		res, err := call[*endtxn.Response](ctx, p.broker, &endtxn.Request{
			TransactionalID: p.id, ProducerID: p.producer, ProducerEpoch: p.epoch, Committed: true,
		})
		if err != nil {
			return err
		}
		return refusal(res.ErrorCode)
	})
}
