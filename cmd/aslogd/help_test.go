package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/simulator"
	"aslogd/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// A world is what a daemon of a test runs in.
type world struct {
	clock  *stoppableClock
	cloud  *simulator.Simulator
	pool   *pgxpool.Pool // as the superuser
	kafka  string
	prefix string
	page   string   // address of the daemon's page
	vars   []string // the daemon's environment
}

// newWorld makes a cloud, a migrated database and topics of the test's own.
func newWorld(t *testing.T, config simulator.Config, more ...string) *world {
	t.Helper()
	w := &world{clock: &stoppableClock{}, kafka: testenv.Kafka(t), prefix: "test-" + strings.ToLower(rand.Text()[:10])}
	config.Now = w.clock.now
	var err error
	if w.cloud, err = simulator.New(config); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.cloud.Handler())
	t.Cleanup(server.Close)
	writer := testenv.PostgresURL(t)
	if w.pool, err = pgxpool.New(t.Context(), testenv.OwnerURL(writer)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.pool.Close)
	w.page = freeAddress("127.0.0.1:0")
	kafka := []string{"ASLOGD_KAFKA_BROKERS=" + w.kafka, "ASLOGD_KAFKA_TOPIC_PREFIX=" + w.prefix, "ASLOGD_KAFKA_REPLICATION=1"}
	var said strings.Builder
	if code := run(t.Context(), []string{"migrate"}, append(kafka, "ASLOGD_DATABASE_URL="+testenv.OwnerURL(writer)), &said, &said); code != exitDone {
		t.Fatalf("migrate: exit %d\n%s", code, said.String())
	}
	w.vars = append(append(kafka,
		"ASLOGD_DATABASE_URL="+writer, "ASLOGD_HTTP_ADDR="+w.page, "ASLOGD_LOG_FORMAT=json", "ASLOGD_INSTANCE="+t.Name(),
		"ASLOGD_LEASE_TTL=1s", "ASLOGD_POLL_INTERVAL=2s", "ASLOGD_WATCH_INTERVAL=1s",
		"ASLOGD_SOURCE_0_AS_URL="+server.URL, "ASLOGD_SOURCE_0_PROJECT_ID="+w.cloud.Project(), "ASLOGD_SOURCE_0_AUTH=none",
		"ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=60000"), more...)
	return w
}

// start runs a daemon in this process until the test ends or stop is called,
// which returns how it ended.
func (w *world) start(t *testing.T) (stop func() int) {
	t.Helper()
	return start(t, w.vars)
}

func start(t *testing.T, vars []string) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	log := &tailBuffer{}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"run"}, vars, log, log) }()
	code := -1
	stop = func() int {
		cancel()
		if code < 0 {
			code = <-ended
		}
		return code
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", log.String())
		}
	})
	return stop
}

// until waits for a condition, and fails the test when it does not come true.
func until(t *testing.T, limit time.Duration, what string, true_ func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !true_() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		sleep(t.Context(), 50*time.Millisecond)
	}
}

// number asks Postgres for one.
func (w *world) number(t *testing.T, sql string, args ...any) (n int64) {
	t.Helper()
	if err := w.pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// get asks the daemon's page.
func (w *world) get(t *testing.T, path string, header http.Header) (status int, body string) {
	t.Helper()
	address := url.URL{Scheme: "http", Host: w.page, Path: path}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	var b strings.Builder
	if err := response.Write(&b); err != nil {
		return response.StatusCode, err.Error()
	}
	return response.StatusCode, b.String()
}
