package sink

import (
	"errors"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

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
