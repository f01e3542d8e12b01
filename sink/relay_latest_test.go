package sink

import (
	"errors"
	"testing"

	"aslogd/sink/broker"
)

// What breaks: the compacted topic alone is deleted and made anew, or is not as
// far as the other one. What must hold: a new owner numbers nothing, publishes
// nothing, and says what is ahead of what by how much; a new prefix mends it.
func TestLaw05RelayStopsWhereTheCompactedTopicIsAnother(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		last int64 // seq that the compacted topic holds then; 0: none
		anew bool
		says []string
	}{
		{"empty", 0, true, []string{"holds nothing of the shard", "end at offset 0", "holds seq 20 last", "20 records ahead", "made anew", "ASLOGD_KAFKA_TOPIC_PREFIX"}},
		{"behind", 15, true, []string{"holds seq 15 last", "holds seq 20, 5 ahead"}},
		{"ahead", 25, false, []string{"holds seq 20 last", "holds seq 25, 5 ahead"}},
		{"another story", 20, true, []string{"different stories at seq 20"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRelayBench(t)
			b.publish(3, 20)
			if c.anew {
				b.remake(broker.LatestTopic(b.prefix))
			}
			if c.last > 0 {
				b.forge(broker.LatestTopic(b.prefix), 3, c.last)
			}
			b.write(3, 5, nil)
			r := b.relay(b.take(3, "two"), nil)
			var fork *Fork
			if err := r.CheckFork(t.Context()); !errors.As(err, &fork) {
				t.Errorf("rows may be numbered: %v", err)
			}
			_, stop := b.start(r)
			b.stands(3, c.says...)
			stop()
			if n := len(b.read(broker.ActionsTopic(b.prefix), 3)); n != 20 {
				t.Errorf("%d records in the topic", n)
			}
			b.mends(3)
		})
	}
}

// What breaks: the compacted topic alone is made anew while the relay runs, which
// has published itself, or has only taken over. What must hold: the next batch
// is committed to neither topic, and the shard stops with words.
func TestRelayNoticesACompactedTopicMadeAnewAtTheNextPublish(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{false, true} {
		b := newRelayBench(t)
		b.write(3, 20, nil)
		r := b.relay(b.take(3, "one"), nil)
		_, stop := b.start(r)
		b.untilPublished(3, 20)
		if fresh {
			stop()
			r = b.relay(b.take(3, "two"), nil)
			if err := r.CheckFork(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		b.remake(broker.LatestTopic(b.prefix))
		b.write(3, 5, nil)
		if fresh {
			_, stop = b.start(r)
		}
		r.Wake()
		b.stands(3, "holds nothing of the shard", "holds seq 20 last", "made anew")
		stop()
		if n := len(b.read(broker.ActionsTopic(b.prefix), 3)); n != 20 {
			t.Errorf("%d records in the topic", n)
		}
		if n := len(b.read(broker.LatestTopic(b.prefix), 3)); n != 0 {
			t.Errorf("%d records in the new compacted topic", n)
		}
		b.mends(3)
	}
}
