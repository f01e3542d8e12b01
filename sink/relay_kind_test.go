package sink

import (
	"testing"

	"aslogd/sink/broker"
)

// What breaks: the shard stood still for a topic that is no longer the one to
// publish to, and Kafka cannot be asked now. What must hold: that is struck out,
// and rows are numbered; what was found of this topic, or of the journal itself,
// stands, and says of what kind it is. A daemon without a broker strikes out what is
// of a topic, and not that the journal is damaged.
func TestRelayForgetsWhatWasFoundOfAnotherTopic(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	for _, c := range []struct {
		kind   Kind
		prefix string
		goes   bool
	}{
		{TopicAnew, "former", true},
		{TopicAnew, b.prefix, false},
		{JournalDamaged, "former", false},
	} {
		l := b.take(3, "one")
		store := relayStore{b.pool, l, broker.ActionsTopic(c.prefix)}
		if err := store.stop(t.Context(), &Fork{Shard: 3, Kind: c.kind, What: "words"}); err != nil {
			t.Fatal(err)
		}
		nobody := broker.New(broker.Config{Brokers: []string{"127.0.0.1:1"}})
		defer nobody.Close()
		r := NewRelay(RelayConfig{Pool: b.pool, Lease: l, Broker: nobody, Prefix: b.prefix})
		err := r.CheckFork(t.Context())
		want(t, "rows may be numbered", err == nil, c.goes)
		left := "words " + string(c.kind)
		got := text(t, b.pool, `SELECT coalesce(stopped, 'goes on'), coalesce(stopped_kind, '-') FROM aslog.shard WHERE shard = 3`)
		if c.goes {
			left = "goes on -"
		}
		want(t, "what is said", got, left)
		if fork := r.Stands(); !c.goes && (fork == nil || fork.Kind != c.kind) {
			t.Errorf("stands for %v", fork)
		}
		if err := GoOn(t.Context(), b.pool, l); err != nil {
			t.Fatal(err)
		}
		if left = "goes on -"; c.kind == JournalDamaged {
			left = "words journal_damaged"
		}
		want(t, "without a broker", text(t, b.pool, `SELECT coalesce(stopped, 'goes on'), coalesce(stopped_kind, '-') FROM aslog.shard WHERE shard = 3`), left)
	}
}
