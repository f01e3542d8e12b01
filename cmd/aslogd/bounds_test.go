package main

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"aslogd/internal/embedded"
	"aslogd/internal/simulator"
	"aslogd/internal/testenv"
)

// What breaks: a hundred times, the daemon's connections to Postgres are ended,
// those to Kafka are cut, or both, while the API drops, fails and babbles.
// What mends: the daemon, each time: rows that were recorded after the fault are
// published.
// What must hold: after the last round it has no more goroutines and connections
// than after the first ones, and once it has stopped there are none.
//
// It counts the goroutines of the whole process, so it does not run beside other
// tests.
func TestAHundredFaultsLeaveNothingBehind(t *testing.T) {
	w := newWorld(t, simulator.Config{
		Seed: 9, Groups: 24, ActionsPerGroup: 20, Days: 3, LiveRate: 25, Lasting: time.Second,
		Faults: simulator.Faults{Drop: 0.01, ServerError: 0.01, Garbage: 0.01},
	}, "ASLOGD_POLL_INTERVAL=1s", "ASLOGD_LOG_LEVEL=error")
	// So few that the first rounds need them all: how many of more they need is chance.
	w.vars = append(w.vars, "ASLOGD_DATABASE_URL="+w.database()+"&pool_max_conns=3")
	cut, uncut := w.proxyKafka(t)
	const theirs = " FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user"
	end := func() { w.number(t, "SELECT count(pg_terminate_backend(pid))"+theirs) }
	faults := []func(){end, cut, func() { end(); cut() }}

	before := goleak.IgnoreCurrent()
	stop := w.start(t)
	w.untilPublished(t)
	var goroutines, connections int64
	took := make([]time.Duration, len(faults))
	const rounds = 100
	for round := range rounds {
		head := w.number(t, "SELECT sum(head_seq)::bigint FROM aslog.shard_head")
		began := time.Now()
		faults[round%len(faults)]()
		until(t, time.Minute, "what came after the fault is published", func() bool {
			return w.number(t, "SELECT sum(published_seq)::bigint FROM aslog.shard_published") > head
		})
		took[round%len(faults)] += time.Since(began)
		if round < len(faults) {
			goroutines = max(goroutines, int64(runtime.NumGoroutine()))
			connections = max(connections, w.number(t, "SELECT count(*)"+theirs))
		}
	}
	var routines, links int64
	defer func() {
		if t.Failed() {
			t.Logf("at last %d goroutines, after the first rounds %d; %d connections to Postgres, and %d", routines, goroutines, links, connections)
		}
	}()
	until(t, 20*time.Second, "there are no more goroutines and connections than after the first rounds", func() bool {
		routines, links = int64(runtime.NumGoroutine()), w.number(t, "SELECT count(*)"+theirs)
		return routines <= goroutines && links <= connections
	})
	t.Logf("%d goroutines, %d connections to Postgres; rounds took %v in all", goroutines, connections, took)
	if code := stop(); code != exitDone {
		t.Errorf("it ended with %d", code)
	}
	uncut()
	until(t, 10*time.Second, "no connection to Postgres is left", func() bool { return w.number(t, "SELECT count(*)"+theirs) == 0 })
	goleak.VerifyNone(t, before)
}

// proxyKafka gives the daemon a Kafka behind a proxy, and returns what cuts the
// connections through it, and what ends it. Where no Apache Kafka can be run there is none to cut.
func (w *world) proxyKafka(t *testing.T) (cut, end func()) {
	t.Helper()
	if !embedded.KafkaPossible() {
		return func() {}, func() {}
	}
	at := freeAddress("127.0.0.1:0")
	server, err := embedded.KafkaWith(t.Context(), embedded.KafkaOptions{Advertised: at, Version: os.Getenv("ASLOGD_TEST_KAFKA_VERSION")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "kafka", at, server.Outside)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	w.kafka = server.Addr
	w.vars = append(w.vars, "ASLOGD_KAFKA_BROKERS="+at)
	owner := append(slices.Clone(w.vars), "ASLOGD_DATABASE_URL="+testenv.OwnerURL(w.database()))
	former := w.vars
	w.vars = owner
	w.command(t, exitDone, "migrate")
	w.vars = former
	return func() {
		proxy.Stop()
		if err := proxy.Start(); err != nil {
			t.Error(err)
		}
	}, proxy.Stop
}
