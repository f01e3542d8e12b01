package arrivals

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"aslogd/sink/broker"
)

// A Consumer reads a topic from its start at read_committed.
type Consumer struct {
	Arrivals
	kafka, topic string
	close        func()

	reading sync.Mutex
	next    map[int32]int64 // offset of each partition up to which it has read
}

// Consume begins to read a topic whose values are JSON objects with a status, and
// an action_id or an id.
func Consume(ctx context.Context, kafka, topic string) (*Consumer, error) {
	c := &Consumer{kafka: kafka, topic: topic, next: map[int32]int64{}}
	var err error
	c.close, err = Poll(ctx, kafka, topic, kgo.NewOffset().AtStart(), c.read)
	return c, err
}

// Poll hands over what comes to a topic from an offset on, at read_committed, with
// when it came, until stop is called or ctx ends. Markers of transactions are among
// it, for they say how far it is, as records do.
func Poll(ctx context.Context, kafka, topic string, from kgo.Offset, take func(*kgo.Record, time.Time)) (stop func(), err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.ConsumeTopics(topic), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(from), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			fetches := client.PollFetches(ctx)
			if fetches.IsClientClosed() || ctx.Err() != nil {
				return
			}
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) { take(r, now) })
		}
	}()
	return func() {
		client.Close()
		<-done
	}, nil
}

// read takes a record, and then notes how far it has read.
func (c *Consumer) read(r *kgo.Record, now time.Time) {
	c.take(r, now)
	c.reading.Lock()
	defer c.reading.Unlock()
	c.next[r.Partition] = r.Offset + 1
}

func (c *Consumer) take(r *kgo.Record, now time.Time) {
	if r.Attrs.IsControl() {
		return
	}
	var value struct {
		ActionID string `json:"action_id"`
		ID       string `json:"id"`
		Status   string `json:"status"`
	}
	if json.Unmarshal(r.Value, &value) != nil {
		return // it is then missing
	}
	if value.ActionID == "" {
		value.ActionID = value.ID
	}
	c.Note(State{value.ActionID, value.Status}, now)
}

// CatchUp waits until it has read what the topic holds now.
func (c *Consumer) CatchUp(ctx context.Context) error {
	b := broker.New(broker.Config{Brokers: []string{c.kafka}})
	defer b.Close()
	partitions, err := b.Partitions(ctx, c.topic)
	if err != nil {
		return fmt.Errorf("count the partitions of %s: %w", c.topic, err)
	}
	for p := range partitions {
		first, end, err := b.Bounds(ctx, c.topic, p)
		if err != nil {
			return fmt.Errorf("ask for the end of %s/%d: %w", c.topic, p, err)
		}
		for first < end && c.position(int32(p)) < end {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("read %s/%d up to %d: %w", c.topic, p, end, ctx.Err())
			}
		}
	}
	return nil
}

func (c *Consumer) position(partition int32) int64 {
	c.reading.Lock()
	defer c.reading.Unlock()
	return c.next[partition]
}

// Close ends it.
func (c *Consumer) Close() { c.close() }
