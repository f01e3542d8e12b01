package sink

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

// What breaks: journal and topic come to tell different stories. What must
// hold: the shard stops with words, for whoever numbers rows too; nothing is
// published; the other shards go on; a new prefix mends it.
func TestLaw05RelayStopsAtAFork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		wreck func(b *relayBench) // after shard 3 was published up to 20
		says  []string
		lacks bool // no prefix mends it: the journal itself is damaged
	}{
		{"an older Postgres", func(b *relayBench) {
			b.pool = testenv.Postgres(b)
			b.write(3, 12, nil)
		}, []string{"ahead of the journal", "seq 20", "ends at 12", "8 rows", "aslogd recover --from-topic", "ASLOGD_KAFKA_TOPIC_PREFIX"}, false},
		{"another database on the prefix", func(b *relayBench) {
			b.pool = testenv.Postgres(b)
			b.write(3, 25, nil)
		}, []string{"different stories at seq 20", "head is 25", "5 further on"}, false},
		{"a topic made anew", func(b *relayBench) {
			b.remake(broker.ActionsTopic(b.prefix), broker.LatestTopic(b.prefix))
		}, []string{"ends at offset 0", "seq 20", "made anew"}, false},
		{"another cluster", func(b *relayBench) {
			exec(b, b.pool, `UPDATE aslog.shard_published SET cluster_id = 'elsewhere' WHERE shard = 3`)
		}, []string{"cluster elsewhere"}, false},
		{"records that the brokers lost", func(b *relayBench) {
			exec(b, b.pool, `UPDATE aslog.shard_published SET published_seq = 22 WHERE shard = 3`)
		}, []string{"seq 20 last", "seq 22 was acknowledged", "lacks 2"}, false},
		{"a hole in the journal", func(b *relayBench) {
			exec(b, b.pool, `UPDATE aslog.shard_head SET head_seq = head_seq + 1 WHERE shard = 3`)
			b.write(3, 3, nil)
		}, []string{"lacks seq 21", "goes up to 24"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRelayBench(t)
			b.write(3, 20, nil)
			_, stop := b.start(b.relay(b.take(3, "one"), nil))
			b.untilPublished(3, 20)
			stop()
			b.until("the commit's marker is written", func() bool { return b.end(broker.ActionsTopic(b.prefix), 3, kafka.ReadCommitted) > 20 })
			c.wreck(b)
			before := b.end(broker.ActionsTopic(b.prefix), 3, kafka.ReadUncommitted)

			r := b.relay(b.take(3, "two"), nil)
			told := make(chan struct{}, 100)
			r.told = func() { told <- struct{}{} }
			if !c.lacks {
				var fork *Fork
				if err := r.CheckFork(t.Context()); !errors.As(err, &fork) {
					t.Errorf("rows may be numbered: %v", err)
				}
			}
			_, stop = b.start(r)
			var stopped string
			b.until("the shard stopped", func() bool { _, stopped = b.publishedSeq(3); return stopped != "" })
			for _, words := range c.says {
				if !strings.Contains(stopped, words) {
					t.Errorf("does not say %q: %s", words, stopped)
				}
			}
			<-told
			var fork *Fork
			if err := r.CheckFork(t.Context()); !errors.As(err, &fork) || fork.What != stopped {
				t.Errorf("rows may be numbered: %v", err)
			}

			b.write(4, 5, nil)
			_, stopOther := b.start(b.relay(b.take(4, "two"), nil))
			b.untilPublished(4, 5)
			stopOther()
			if after := b.end(broker.ActionsTopic(b.prefix), 3, kafka.ReadUncommitted); after != before {
				t.Errorf("the topic went from offset %d to %d", before, after)
			}
			stop()
			select {
			case <-told:
				t.Error("the same fork was told twice")
			default:
			}
			if c.lacks {
				return
			}
			b.topics()
			r = b.relay(b.take(3, "three"), nil)
			b.start(r)
			b.until("the shard goes on", func() bool { _, stopped := b.publishedSeq(3); return stopped == "" })
			var head int64
			if err := b.pool.QueryRow(t.Context(), `SELECT head_seq FROM aslog.shard WHERE shard = 3`).Scan(&head); err != nil {
				t.Fatal(err)
			}
			b.until("all is published", func() bool { at, _ := b.publishedSeq(3); return at == head })
			b.mirrors(3)
			if err := r.CheckFork(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// What breaks: Postgres goes back behind what is published while the relay
// runs. What must hold: it says so, and publishes nothing.
func TestLaw05RelayStopsWhenTheJournalGoesBackUnderIt(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 20, nil)
	r := b.relay(b.take(3, "one"), nil)
	b.start(r)
	b.untilPublished(3, 20)
	exec(t, b.pool, `UPDATE aslog.shard_head SET head_seq = 12 WHERE shard = 3`)
	exec(t, b.pool, `UPDATE aslog.shard_published SET published_seq = 12, log_offset = 11 WHERE shard = 3`)
	r.Wake()
	var stopped string
	b.until("the shard stopped, and the two were compared", func() bool {
		_, stopped = b.publishedSeq(3)
		return stopped != "" && !strings.Contains(stopped, "if Kafka answers")
	})
	if !strings.Contains(stopped, "ahead of the journal") || !strings.Contains(stopped, "8 rows") {
		t.Error(stopped)
	}
	var fork *Fork
	if err := r.CheckFork(t.Context()); !errors.As(err, &fork) {
		t.Errorf("rows may be numbered: %v", err)
	}
}

// What breaks: a row goes missing from the journal ahead of a running relay.
// What must hold: what is before it is published, and nothing behind it.
func TestLaw05RelayStopsBeforeAHole(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 20, nil)
	r := b.relay(b.take(3, "one"), nil)
	r.idle = time.Hour
	b.start(r)
	b.untilPublished(3, 20)
	b.write(3, 5, nil)
	exec(t, b.pool, `UPDATE aslog.shard_head SET head_seq = head_seq + 1 WHERE shard = 3`)
	b.write(3, 5, nil)
	r.Wake()
	var at int64
	var stopped string
	b.until("the shard stopped", func() bool { at, stopped = b.publishedSeq(3); return stopped != "" })
	if at != 25 || !strings.Contains(stopped, "lacks seq 26") || !strings.Contains(stopped, "goes up to 31") {
		t.Errorf("published up to %d: %s", at, stopped)
	}
	if n := len(b.read(broker.ActionsTopic(b.prefix), 3)); n != 25 {
		t.Errorf("%d records in the topic", n)
	}
}

// A former owner's fork stands while Kafka cannot be asked: the rows that the
// new one would number might be published already.
func TestRelayKeepsAForkThatItCannotCheck(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 1, nil)
	exec(t, b.pool, `INSERT INTO aslog.shard_published (shard, stopped) VALUES (3, 'a fork') ON CONFLICT (shard) DO UPDATE SET stopped = excluded.stopped`)
	l := b.take(3, "one")
	client := broker.New(broker.Config{Brokers: []string{"127.0.0.1:1"}})
	defer client.Close()
	r := NewRelay(RelayConfig{Pool: b.pool, Lease: l, Broker: client, Prefix: b.prefix})
	r.patience = 300 * time.Millisecond
	var fork *Fork
	if err := r.CheckFork(t.Context()); !errors.As(err, &fork) || fork.What != "a fork" {
		t.Errorf("rows may be numbered: %v", err)
	}
	b.take(3, "two")
	if err := r.CheckFork(t.Context()); !errors.Is(err, checkpoint.ErrLost) {
		t.Errorf("the shard is another's, and the check says %v", err)
	}
}

// What breaks: records larger than the topics take, one after the relay has
// learned the limit, which is lowered meanwhile. What must hold: each goes out,
// cut as promised, and blocks nobody.
func TestRelayCutsWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	limit := func(bytes string) {
		for _, topic := range []string{broker.ActionsTopic(b.prefix), broker.LatestTopic(b.prefix)} {
			b.set(topic, "max.message.bytes", bytes)
		}
	}
	limit("20000")
	large := func(seq int64) string {
		if seq%5 != 0 {
			return `{"id":"small"}`
		}
		return `{"id":"large","description":"why","padding":"` + noise(40_000) + `"}`
	}
	b.write(3, 50, large)
	r := b.relay(b.take(3, "one"), nil)
	b.start(r)
	b.untilPublished(3, 50)
	limit("4000")
	b.write(3, 20, func(seq int64) string {
		return `{"id":"middling","description":"why","padding":"` + noise(10_000) + `"}`
	})
	r.Wake()
	b.untilPublished(3, 70)
	b.mirrors(3)
	s := schema(t)
	for i, record := range b.read(broker.ActionsTopic(b.prefix), 3) {
		fits(t, s, record.Value)
		cut := (i+1)%5 == 0 || i >= 50
		if got := strings.Contains(string(record.Value), `"description":"why"`) || !cut; !got {
			t.Errorf("record %d lost its description: %s", i, record.Value)
		}
		if got := strings.Contains(string(record.Value), `"truncated":true,"raw":null`); got != cut {
			t.Errorf("record %d: cut is %v, want %v: %.300s", i, got, cut, record.Value)
		}
	}
}
