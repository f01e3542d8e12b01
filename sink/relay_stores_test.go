package sink

import (
	"errors"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/initproducerid"

	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

// What breaks: the topics are deleted and made anew while the relay runs, and
// its next batch would land where the first one stood: after one row, the least
// that an offset can tell, and after twenty. What must hold: that batch is not
// committed, the shard stops with words; a new prefix mends it.
func TestRelayNoticesATopicMadeAnewAtTheNextPublish(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1, 20} {
		b := newRelayBench(t)
		b.write(3, rows, nil)
		r := b.relay(b.take(3, "one"), nil)
		_, stop := b.start(r)
		b.untilPublished(3, int64(rows))
		b.remake(broker.ActionsTopic(b.prefix), broker.LatestTopic(b.prefix))
		b.write(3, 5, nil)
		r.Wake()
		b.stands(3, "was made anew", "acknowledged at offset", "ASLOGD_KAFKA_TOPIC_PREFIX")
		var fork *Fork
		if err := r.CheckFork(t.Context()); !errors.As(err, &fork) {
			t.Errorf("rows may be numbered: %v", err)
		}
		stop()
		if records := b.read(broker.ActionsTopic(b.prefix), 3); len(records) > 0 {
			t.Errorf("the new topic begins with seq %s", header(records[0], seqHeader))
		}
		b.mends(3)
	}
}

// What breaks: somebody adds partitions, while the relay runs and before a new
// owner. What must hold: nothing more is published and the words say how many
// there are; rows are numbered all the same; a new prefix mends it.
func TestRelayHoldsWhenPartitionsAreAdded(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 20, nil)
	sized := func(owner string) *Relay {
		r := b.relay(b.take(3, owner), nil)
		r.shards = testShards
		return r
	}
	r := sized("one")
	_, stop := b.start(r)
	b.untilPublished(3, 20)
	client := kafka.Client{Addr: kafka.TCP(b.addr)}
	if _, err := client.CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{
		Topics: []kafka.TopicPartitionsConfig{{Name: broker.ActionsTopic(b.prefix), Count: 12}},
	}); err != nil {
		t.Fatal(err)
	}
	b.until("it is listed", func() bool {
		n, err := r.broker.Partitions(t.Context(), broker.ActionsTopic(b.prefix))
		return err == nil && n == 12
	})
	b.write(3, 5, nil)
	r.Wake()
	b.stands(3, "the journal goes on", "has 12 partitions for 8 shards, +4", "ASLOGD_KAFKA_TOPIC_PREFIX")
	if err := r.CheckFork(t.Context()); err != nil {
		t.Errorf("rows may not be numbered: %v", err)
	}
	stop()
	next := sized("two")
	if err := next.CheckFork(t.Context()); err != nil {
		t.Errorf("the next owner may not number rows: %v", err)
	}
	b.start(next)
	if records := b.read(broker.ActionsTopic(b.prefix), 3); len(records) != 20 {
		t.Errorf("%d records are published, not 20", len(records))
	}
	b.mends(3)
}

// What breaks: a new owner takes over while the coordinator takes its time, and
// the journal is behind the topic. What must hold: no row is numbered unseen,
// for brokers that answer are waited for.
func TestRelayWaitsForBrokersThatAnswer(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.publish(3, 20)
	b.pool = testenv.Postgres(t)
	b.write(3, 12, nil)
	slow := &tap{before: func(m protocol.Message) error {
		if _, ok := m.(*initproducerid.Request); ok {
			<-time.After(500 * time.Millisecond)
		}
		return nil
	}}
	r := b.relay(b.take(3, "two"), slow.wrap)
	r.patience = 300 * time.Millisecond
	var fork *Fork
	if err := r.CheckFork(t.Context()); !errors.As(err, &fork) {
		t.Errorf("rows may be numbered: %v", err)
	}
}
