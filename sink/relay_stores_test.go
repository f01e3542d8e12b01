package sink

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"aslogd/internal/embedded"
	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

// stands waits until the shard stands still, and looks for words in why.
func (b *relayBench) stands(shard int, says ...string) {
	b.Helper()
	var stopped string
	b.until("the shard stands still", func() bool { _, stopped = b.publishedSeq(shard); return stopped != "" })
	for _, words := range says {
		if !strings.Contains(stopped, words) {
			b.Errorf("does not say %q: %s", words, stopped)
		}
	}
}

// mends takes new topics, and waits until they mirror the journal.
func (b *relayBench) mends(shard int) {
	b.Helper()
	b.topics()
	r := b.relay(b.take(shard, "mended"), nil)
	_, stop := b.start(r)
	b.until("all is published anew", func() bool {
		at, stopped := b.publishedSeq(shard)
		return stopped == "" && at == b.head(shard)
	})
	if err := r.CheckFork(b.Context()); err != nil {
		b.Errorf("rows may not be numbered: %v", err)
	}
	stop()
	b.mirrors(shard)
}

func (b *relayBench) head(shard int) (seq int64) {
	b.Helper()
	if err := b.pool.QueryRow(b.Context(), `SELECT head_seq FROM aslog.shard_head WHERE shard = $1`, shard).Scan(&seq); err != nil {
		b.Fatal(err)
	}
	return seq
}

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

// What breaks: the topic's records are past its retention, all of them. What
// must hold: a new owner goes on where the topic was, with no seq twice.
func TestRelayGoesOnInATopicThatHasForgotten(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.publish(3, 20)
	b.trim(3, b.end(broker.ActionsTopic(b.prefix), 3, kafka.ReadUncommitted))
	b.write(3, 5, nil)
	r := b.relay(b.take(3, "two"), nil)
	if err := r.CheckFork(t.Context()); err != nil {
		t.Errorf("rows may not be numbered: %v", err)
	}
	_, stop := b.start(r)
	b.untilPublished(3, 25)
	stop()
	if records := b.read(broker.ActionsTopic(b.prefix), 3); len(records) != 5 || header(records[0], seqHeader) != "21" {
		t.Errorf("%d records after those that are forgotten", len(records))
	}
}

// What breaks: Postgres is restored to a state from before rows that were
// published and that the topic has forgotten since. What must hold: their seqs
// are not given to others, though no record of them is left but in the compacted
// topic; recover says that it cannot bring them back; a new prefix mends it.
func TestRelayKnowsWhatTheTopicHasForgotten(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	b := &relayBench{TB: t, pool: connect(t, url), addr: testenv.Kafka(t)}
	b.topics()
	b.publish(3, 12)
	b.pool.Close()
	backup := testenv.CopyURL(t, url)
	b.pool = connect(t, url)
	b.publish(3, 8)
	b.trim(3, b.end(broker.ActionsTopic(b.prefix), 3, kafka.ReadUncommitted))
	b.pool.Close()
	b.pool = connect(t, backup)

	var fork *Fork
	if err := b.relay(b.take(3, "two"), nil).CheckFork(t.Context()); !errors.As(err, &fork) {
		t.Fatalf("rows may be numbered: %v", err)
	}
	b.stands(3, "ahead of the journal", "holds seq 20", "ends at 12", "8 rows behind")
	_, err := b.recover(b.take(3, "recover"), nil)
	if !errors.As(err, &fork) || !strings.Contains(fork.What, "has forgotten what follows seq 12: seq 20 was published last, and the 8 rows") {
		t.Errorf("recover: %v", err)
	}
	b.write(3, 4, nil)
	b.mends(3)
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

// What breaks: the brokers forget the transactional id of a shard that was quiet
// for long. What must hold: the next row is published under a new one, once.
func TestRelayAfterItsTransactionalIDExpired(t *testing.T) {
	t.Parallel()
	if !embedded.KafkaPossible() {
		return // nothing but a real Kafka forgets ids
	}
	b := ownCluster(t, "transactional.id.expiration.ms=500", "transaction.remove.expired.transaction.cleanup.interval.ms=200",
		"producer.id.expiration.ms=500", "producer.id.expiration.check.interval.ms=200")
	b.write(3, 20, nil)
	r := b.relay(b.take(3, "one"), nil)
	b.start(r)
	b.untilPublished(3, 20)
	b.until("the id is forgotten", func() bool { return !b.knowsID(b.prefix + ".shard.3") })
	b.write(3, 5, nil)
	r.Wake()
	b.untilPublished(3, 25)
	b.mirrors(3)
	if err := r.CheckFork(t.Context()); err != nil {
		t.Errorf("rows may not be numbered: %v", err)
	}
}

// What breaks: the brokers are those of another cluster, which has topics of the
// same names. What must hold: nothing is published there, the words name both;
// pointed back it goes on.
func TestRelayNoticesAnotherCluster(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.publish(3, 20)
	b.write(3, 5, nil)
	other, home := ownCluster(t), b.addr
	b.addr = other.addr
	c := broker.New(broker.Config{Brokers: []string{b.addr}})
	defer c.Close()
	if _, _, err := c.EnsureTopics(t.Context(), b.prefix, testShards, -1, -1); err != nil {
		t.Fatal(err)
	}
	cluster, err := c.Cluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := b.relay(b.take(3, "two"), nil)
	_, stop := b.start(r)
	b.stands(3, "up to seq 20 in Kafka cluster", "but this is cluster "+cluster, "point aslogd at the former cluster")
	var fork *Fork
	if err := r.CheckFork(t.Context()); !errors.As(err, &fork) {
		t.Errorf("rows may be numbered: %v", err)
	}
	stop()
	if end := b.end(broker.ActionsTopic(b.prefix), 3, kafka.ReadUncommitted); end > 0 {
		t.Errorf("%d records in the other cluster", end)
	}
	b.addr = home
	_, stop = b.start(b.relay(b.take(3, "three"), nil))
	b.untilPublished(3, 25)
	stop()
	b.mirrors(3)
	b.addr = other.addr
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

// publish writes n rows and has them published by an owner that then stops.
func (b *relayBench) publish(shard, n int) {
	b.Helper()
	b.write(shard, n, nil)
	_, stop := b.start(b.relay(b.take(shard, "one"), nil))
	b.untilPublished(shard, b.head(shard))
	stop()
	b.until("the commit's marker is written", func() bool {
		topic := broker.ActionsTopic(b.prefix)
		return b.end(topic, shard, kafka.ReadCommitted) == b.end(topic, shard, kafka.ReadUncommitted)
	})
}

// ownCluster is a bench on a cluster of the test's own: a real Kafka, where the
// machine can run one.
func ownCluster(t *testing.T, settings ...string) *relayBench {
	t.Helper()
	b := &relayBench{TB: t, pool: testenv.Postgres(t)}
	if !embedded.KafkaPossible() {
		server, err := embedded.Broker(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		b.addr = server.Addr
		b.topics()
		return b
	}
	server, err := embedded.KafkaWith(t.Context(), embedded.KafkaOptions{Version: os.Getenv("ASLOGD_TEST_KAFKA_VERSION"), Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	b.addr = server.Addr
	b.topics()
	return b
}

// knowsID reports whether the coordinator remembers a transactional id.
func (b *relayBench) knowsID(id string) bool {
	b.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrDescribeTransactionsRequest()
	req.TransactionalIDs = []string{id}
	res, err := req.RequestWith(b.Context(), client)
	if err != nil {
		b.Fatalf("describe transactional id %s: %v", id, err)
	}
	return kerr.ErrorForCode(res.TransactionStates[0].ErrorCode) != kerr.TransactionalIDNotFound
}
