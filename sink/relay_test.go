package sink

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/rawproduce"

	"aslogd/checkpoint"
	"aslogd/sink/broker"
)

func TestLaw05RelayMirrorsTheJournal(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 250, nil)
	r := b.relay(b.take(3, "one"), nil)
	b.start(r)
	b.untilPublished(3, 250)
	for range 5 {
		b.write(3, 3, nil)
		r.Wake()
	}
	b.untilPublished(3, 265)
	b.mirrors(3)

	first := b.read(broker.ActionsTopic(b.prefix), 3)[0]
	latest := b.read(broker.LatestTopic(b.prefix), 3)[0]
	want(t, "keys", string(first.Key)+" "+string(latest.Key), "g-1 g-1/a-0")
	want(t, "values", string(first.Value), string(latest.Value))
	var recorded string
	if err := b.pool.QueryRow(t.Context(), `SELECT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM aslog.journal WHERE shard = 3 AND seq = 1`).Scan(&recorded); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"ce_specversion": "1.0", "ce_id": "g-1/a-0/2", "ce_type": "aslogd.action.v1", "ce_source": "/projects/p/groups/g-1",
		"ce_subject": "a-0", "ce_time": recorded, "ce_dataschema": "urn:aslogd:action:v1", "content-type": "application/json",
		"aslogd-seq": "1", "aslogd-shard": "3",
	} {
		want(t, key, header(first, key), value)
	}
	want(t, "timestamp", first.Timestamp.UTC().Format("2006-01-02T15:04:05.000"), recorded[:23])
	fits(t, schema(t), first.Value)
}

var errCut = errors.New("the line was cut")

// What breaks: the answer to a request is lost, or the request is, in the
// middle of publishing; then either the relay itself mends it, or it is killed
// there and a new owner does. What must hold: each row once, in order.
func TestLaw05RelayAfterAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	is := func(kind protocol.Message) func(protocol.Message) bool {
		return func(m protocol.Message) bool { return fmt.Sprintf("%T", m) == fmt.Sprintf("%T", kind) }
	}
	for _, c := range []struct {
		name string
		hit  func(protocol.Message) bool
		sent bool
		nth  int32
	}{
		{"before AddPartitions is sent", is(&addpartitionstotxn.Request{}), false, 2},
		{"answer to a produce lost", is(&rawproduce.Request{}), true, 3},
		{"second produce not sent", is(&rawproduce.Request{}), false, 4},
		{"before EndTxn is sent", is(&endtxn.Request{}), false, 2},
		{"answer to EndTxn lost", is(&endtxn.Request{}), true, 2},
	} {
		for _, killed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, killed %v", c.name, killed), func(t *testing.T) {
				t.Parallel()
				b := newRelayBench(t)
				b.write(3, 100, nil)
				var count atomic.Int32
				cut := make(chan struct{})
				dead, kill := context.WithCancel(t.Context())
				defer kill()
				at := func(sent bool) func(protocol.Message) error {
					return func(m protocol.Message) error {
						if killed && dead.Err() != nil {
							return errCut // a dead process says no more
						}
						if sent == c.sent && c.hit(m) && count.Add(1) == c.nth {
							kill()
							close(cut)
							return errCut
						}
						return nil
					}
				}
				tap := &tap{before: at(false), after: at(true)}
				r := b.relay(b.take(3, "one"), tap.wrap)
				r.lot = 40
				_, stop := b.start(r)
				<-cut
				if killed {
					stop()
					b.write(3, 10, nil)
					b.start(b.relay(b.take(3, "two"), nil))
				} else {
					b.write(3, 10, nil)
				}
				b.untilPublished(3, 110)
				b.mirrors(3)
			})
		}
	}
}

// What breaks: an owner sleeps between the check of its lease and a request;
// meanwhile the shard is another's, who publishes. What must hold: when the
// former wakes it publishes nothing and leaves, and the rightful owner, fenced
// or not, goes on; each row once.
func TestLaw04RelayWokenAfterItsShardWasTaken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		hit  func(protocol.Message) bool
	}{
		{"before a transaction", func(m protocol.Message) bool { _, ok := m.(*addpartitionstotxn.Request); return ok }},
		{"before a produce", func(m protocol.Message) bool { _, ok := m.(*rawproduce.Request); return ok }},
		{"before a commit", func(m protocol.Message) bool { _, ok := m.(*endtxn.Request); return ok }},
		{"before a take-over", func(m protocol.Message) bool { _, ok := m.(*initproducerid.Request); return ok }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRelayBench(t)
			b.write(3, 20, nil)
			asleep, awake := make(chan struct{}), make(chan struct{})
			var once atomic.Bool
			tap := &tap{before: func(m protocol.Message) error {
				if c.hit(m) && once.CompareAndSwap(false, true) {
					close(asleep)
					<-awake
				}
				return nil
			}}
			zombie := b.relay(b.take(3, "zombie"), tap.wrap)
			said, _ := b.start(zombie)
			<-asleep
			rightful := b.relay(b.take(3, "rightful"), nil)
			b.start(rightful)
			b.untilPublished(3, 20)
			close(awake)
			if err := <-said; !errors.Is(err, checkpoint.ErrLost) {
				t.Errorf("the zombie says %v", err)
			}
			b.write(3, 20, nil)
			rightful.Wake()
			b.untilPublished(3, 40)
			b.mirrors(3)
		})
	}
}

func TestRelayWithoutKafka(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 5, nil)
	var away atomic.Bool
	away.Store(true)
	tap := &tap{before: func(protocol.Message) error {
		if away.Load() {
			return errCut
		}
		return nil
	}}
	r := b.relay(b.take(3, "one"), tap.wrap)
	if err := r.CheckFork(t.Context()); err != nil {
		t.Errorf("Kafka away keeps rows from being numbered: %v", err)
	}
	b.start(r)
	away.Store(false)
	b.untilPublished(3, 5)
	b.mirrors(3)
	if err := r.CheckFork(t.Context()); err != nil {
		t.Error(err)
	}
}
