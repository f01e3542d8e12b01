package arrivals

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A Consumer reads a topic from its start at read_committed.
type Consumer struct {
	Arrivals
	client *kgo.Client
	done   chan struct{}
	last   atomic.Int64 // when something came
}

// Consume begins to read a topic whose values are JSON objects with a status, and
// an action_id or an id.
func Consume(ctx context.Context, kafka, topic string) (*Consumer, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.ConsumeTopics(topic),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	c := &Consumer{client: client, done: make(chan struct{})}
	c.last.Store(time.Now().UnixNano())
	go func() {
		defer close(c.done)
		for {
			fetches := client.PollFetches(ctx)
			if fetches.IsClientClosed() || ctx.Err() != nil {
				return
			}
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) { c.take(r, now) })
		}
	}()
	return c, nil
}

func (c *Consumer) take(r *kgo.Record, now time.Time) {
	c.last.Store(now.UnixNano())
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

// Drain waits until nothing has come for a while.
func (c *Consumer) Drain(ctx context.Context, quiet time.Duration) error {
	for {
		left := quiet - time.Since(time.Unix(0, c.last.Load()))
		if left <= 0 {
			return nil
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
			return fmt.Errorf("read what was published: %w", ctx.Err())
		}
	}
}

// Close ends it.
func (c *Consumer) Close() {
	c.client.Close()
	<-c.done
}
