package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"aslogd/sink/broker"
)

// A state is one state of an action, as its status tells it.
type state struct{ action, status string }

// A consumer notes when each state could be read from the topic.
type consumer struct {
	client *kgo.Client
	done   chan struct{}

	mu    sync.Mutex
	first map[state]time.Time
	twice int // records of a state that was read before
}

func consume(ctx context.Context, kafka, prefix string) (*consumer, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.ConsumeTopics(broker.ActionsTopic(prefix)),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	c := &consumer{client: client, done: make(chan struct{}), first: map[state]time.Time{}}
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

func (c *consumer) take(r *kgo.Record, now time.Time) {
	var value struct {
		ActionID string `json:"action_id"`
		Status   string `json:"status"`
	}
	if json.Unmarshal(r.Value, &value) != nil {
		return // it is then missing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := state{value.ActionID, value.Status}
	if _, seen := c.first[s]; seen {
		c.twice++
		return
	}
	c.first[s] = now
}

func (c *consumer) close() {
	c.client.Close()
	<-c.done
}
