package sink

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"aslogd/checkpoint"
	"aslogd/sink/broker"
)

// topic makes a topic of the test's own.
func (b *relayBench) topic(partitions int) string {
	b.Helper()
	name := b.prefix + fmt.Sprintf(".copy%d", partitions)
	client := kafka.Client{Addr: kafka.TCP(b.addr)}
	res, err := client.CreateTopics(b.Context(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}},
	})
	if err != nil || res.Errors[name] != nil {
		b.Fatal(err, res.Errors[name])
	}
	return name
}

func (b *relayBench) replay(topic string, set func(*ReplayConfig)) (Replayed, error) {
	client := broker.New(broker.Config{Brokers: []string{b.addr}})
	b.Cleanup(client.Close)
	cfg := ReplayConfig{Pool: b.pool, Broker: client, Prefix: b.prefix, Topic: topic, Shard: -1}
	if set != nil {
		set(&cfg)
	}
	return Replay(b.Context(), cfg)
}

// seqs are the seqs that a partition shows.
func (b *relayBench) seqs(topic string, partition int) string {
	var all []string
	for _, r := range b.read(topic, partition) {
		all = append(all, header(r, seqHeader))
	}
	return strings.Join(all, " ")
}

// A shard is replayed to its own partition as the relay published it: the same
// keys, values and headers, in the same order. Twice is twice.
func TestReplayPublishesTheJournalAgain(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 2500, nil)
	b.write(5, 4, nil)
	r := b.relay(b.take(3, "one"), nil)
	b.start(r)
	b.untilPublished(3, 2500)
	copied := b.topic(testShards)
	done, err := b.replay(copied, nil)
	if err != nil || done.Rows != 2504 {
		t.Fatalf("%+v %v", done, err)
	}
	ours, theirs := b.read(broker.ActionsTopic(b.prefix), 3), b.read(copied, 3)
	if len(ours) != len(theirs) {
		t.Fatalf("%d records of %d", len(theirs), len(ours))
	}
	for i := range ours {
		o, c := ours[i], theirs[i]
		if string(o.Key) != string(c.Key) || string(o.Value) != string(c.Value) || fmt.Sprint(o.Headers) != fmt.Sprint(c.Headers) || !o.Timestamp.Equal(c.Timestamp) {
			t.Fatalf("record %d is\n%s %s %v, ours\n%s %s %v", i, c.Key, c.Value, c.Headers, o.Key, o.Value, o.Headers)
		}
	}
	want(t, "shard 5", b.seqs(copied, 5), "1 2 3 4")
	if _, err := b.replay(copied, func(c *ReplayConfig) { c.Shard, c.FromSeq = 5, 3 }); err != nil {
		t.Fatal(err)
	}
	want(t, "shard 5 from seq 3", b.seqs(copied, 5), "1 2 3 4 3 4")
}

func TestReplayLeavesOutWhatWasNotAskedFor(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 6, nil)
	var cut time.Time
	if err := b.pool.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&cut); err != nil {
		t.Fatal(err)
	}
	b.write(3, 6, nil)
	shardOf := func(group string) int { return checkpoint.ShardOf(group, testShards) }
	for i, c := range []struct {
		set  func(*ReplayConfig)
		want string
	}{
		{func(c *ReplayConfig) { c.From = cut }, "7 8 9 10 11 12"},
		{func(c *ReplayConfig) { c.To = cut }, "1 2 3 4 5 6"},
		{func(c *ReplayConfig) { c.From, c.To = cut, cut }, ""},
		{func(c *ReplayConfig) { c.Shard, c.FromSeq = 3, 10 }, "10 11 12"},
		{func(c *ReplayConfig) { c.Shard = 4 }, ""},
		{func(c *ReplayConfig) { c.Shard, c.FromSeq, c.To = 3, 4, cut }, "4 5 6"},
	} {
		b.prefix += fmt.Sprint(i)
		topic := b.topic(testShards)
		if _, err := b.replay(topic, c.set); err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprintf("case %d", i), b.seqs(topic, 3), c.want)
	}

	// A group is in its own shard, so its rows are put there.
	group := "g-1"
	b.write(shardOf(group), 9, nil)
	one := b.topic(3)
	done, err := b.replay(one, func(c *ReplayConfig) { c.Groups = []string{group} })
	if err != nil || done.Rows == 0 {
		t.Fatalf("%+v %v", done, err)
	}
	place := checkpoint.ShardOf(group, 3)
	for partition := range 3 {
		for _, r := range b.read(one, partition) {
			if partition != place || string(r.Key) != group {
				t.Errorf("group %s in partition %d, where Kafka's client places %s in %d", r.Key, partition, group, place)
			}
		}
	}
}

// Nothing but the relay writes to aslogd's own topics, of whatever prefix.
func TestReplayRefusesAslogdsOwnTopics(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 3, nil)
	for _, topic := range []string{broker.ActionsTopic(b.prefix), broker.LatestTopic(b.prefix), broker.ActionsTopic("another")} {
		if _, err := b.replay(topic, nil); !errors.Is(err, ErrOwnTopic) {
			t.Errorf("%s: %v", topic, err)
		}
	}
	want(t, "aslogd's own topic", b.seqs(broker.ActionsTopic(b.prefix), 3), "")
	if _, err := b.replay(b.prefix+".missing", nil); err == nil || !strings.Contains(err.Error(), "create it first") {
		t.Errorf("a topic that does not exist: %v", err)
	}
}
