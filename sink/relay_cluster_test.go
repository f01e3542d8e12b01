package sink

import (
	"errors"
	"os"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"aslogd/internal/embedded"
	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

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
