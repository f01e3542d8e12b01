package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/embedded"
	"aslogd/internal/simulator"
	"aslogd/internal/verdict"
)

type demoCmd struct {
	For     time.Duration `help:"End after so long, and judge what was stored and published (run until interrupted)."`
	Addr    string        `default:"127.0.0.1:8080" help:"Where to show the page; another free port when this one is taken."`
	Groups  int           `default:"12" help:"Groups in the simulated cloud."`
	Actions int           `default:"300" help:"Actions in each group's history."`
	Days    int           `default:"30" help:"Days that the history spans."`
	Live    float64       `default:"1" help:"Live actions a second, over all groups."`
}

func (demoCmd) Help() string {
	return `Starts a Postgres of its own, an in-process broker, a simulated cloud and the
daemon, shows how it fares, and leaves nothing behind. Needs no service and no
setting. At the end live actions cease, the daemon catches up, and what it
stored and published is judged against what the cloud showed: exit 3 if anything
is missing or repeated.

Example:

  aslogd demo --for 60s`
}

func (d demoCmd) Run(ctx context.Context, to streams) error {
	// The services outlive the interrupt: there is something to judge after it.
	services, stop := context.WithCancel(context.WithoutCancel(ctx))
	var s *stage
	defer func() {
		stop()
		if s != nil {
			s.close()
		}
	}()
	s, err := d.build(services, to.out)
	if err != nil {
		return err
	}
	view := &liveTable{out: to.out, page: s.page, redraw: isTerminal(to.out)}
	var over <-chan time.Time
	if d.For > 0 {
		over = time.After(d.For)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false
		case <-over:
			running = false
		case err := <-s.ended:
			return fmt.Errorf("the daemon ended by itself: %w\n%s", err, s.log.String())
		case <-tick.C:
			view.show(services, s.pool)
		}
	}
	truth := s.freeze()
	view.last(services, s.pool, "live actions have ceased; the daemon catches up")
	v, err := s.catchUp(services, truth)
	if err != nil {
		return err
	}
	printVerdict(to.out, v)
	if !v.Good() {
		return foundError("something is missing or repeated\n" + s.log.String())
	}
	return nil
}

// A stage is everything that a demo runs on.
type stage struct {
	page    string
	pg      *embedded.PG
	kafka   *embedded.InProcess
	cloud   *simulator.Simulator
	server  *http.Server
	clock   *stoppableClock
	pool    *pgxpool.Pool
	log     *tailBuffer
	ended   chan error
	running sync.WaitGroup
}

func (d demoCmd) build(ctx context.Context, out io.Writer) (s *stage, err error) {
	s = &stage{clock: &stoppableClock{}, log: &tailBuffer{}, ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	fmt.Fprintln(out, "starting Postgres (the first time it may have to be fetched) …")
	if s.pg, err = embedded.Postgres(ctx, "", embedded.Options{}); err != nil {
		return nil, err
	}
	fmt.Fprintln(out, "starting an in-process broker and a simulated cloud …")
	if s.kafka, err = embedded.Broker(ctx); err != nil {
		return nil, err
	}
	cloud, err := s.startCloud(d)
	if err != nil {
		return nil, err
	}
	environ, err := s.prepare(ctx, d, cloud)
	if err != nil {
		return nil, err
	}
	s.running.Go(func() {
		code := run(ctx, []string{"run"}, environ, io.Discard, s.log)
		s.ended <- fmt.Errorf("exit %d", code)
	})
	return s, nil
}

// startCloud serves the simulator on a port of its own.
func (s *stage) startCloud(d demoCmd) (address string, err error) {
	s.cloud, err = simulator.New(simulator.Config{
		Seed: 1, Now: s.clock.now, Groups: d.Groups, ActionsPerGroup: d.Actions, Days: d.Days, LiveRate: d.Live, FirstAction: true,
		Lasting: 15 * time.Second,
	})
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the simulated cloud: %w", err)
	}
	s.server = &http.Server{Handler: s.cloud.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.running.Go(func() { _ = s.server.Serve(listener) }) // ends with Close
	return "http://" + listener.Addr().String(), nil
}

// prepare migrates, makes the daemon's own login, and says how to run it.
func (s *stage) prepare(ctx context.Context, d demoCmd, cloud string) (environ []string, err error) {
	shared := []string{"ASLOGD_KAFKA_BROKERS=" + s.kafka.Addr}
	var words bytes.Buffer
	if code := run(ctx, []string{"migrate"}, append(shared, "ASLOGD_DATABASE_URL="+s.pg.URL), &words, &words); code != exitDone {
		return nil, fmt.Errorf("migrate: exit %d\n%s", code, words.String())
	}
	if s.pool, err = pgxpool.New(ctx, s.pg.URL); err != nil {
		return nil, err
	}
	const role = "CREATE ROLE aslogd_demo LOGIN PASSWORD 'demo' IN ROLE aslogd_writer"
	if _, err := s.pool.Exec(ctx, role); err != nil {
		return nil, fmt.Errorf("create the daemon's login: %w", err)
	}
	writer, err := url.Parse(s.pg.URL)
	if err != nil {
		return nil, err
	}
	writer.User = url.UserPassword("aslogd_demo", "demo")
	s.page = freeAddress(d.Addr)
	return append(shared,
		"ASLOGD_DATABASE_URL="+writer.String(), "ASLOGD_HTTP_ADDR="+s.page, "ASLOGD_LOG_FORMAT=json", "ASLOGD_LOG_LEVEL=warn",
		"ASLOGD_INSTANCE=demo", "ASLOGD_LEASE_TTL=5s", "ASLOGD_POLL_INTERVAL=10s", "ASLOGD_WATCH_INTERVAL=1s",
		"ASLOGD_SOURCE_0_NAME=demo", "ASLOGD_SOURCE_0_AS_URL="+cloud, "ASLOGD_SOURCE_0_PROJECT_ID="+s.cloud.Project(),
		"ASLOGD_SOURCE_0_AUTH=none", "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=12000"), nil
}

// freeze ends the cloud's time, and with it live actions.
func (s *stage) freeze() *simulator.Truth {
	s.clock.stop()
	return s.cloud.Truth()
}

// catchUp waits until nothing is missing or out of date any more, for a minute at the most,
// and returns the last verdict. What is repeated does not mend by waiting.
func (s *stage) catchUp(ctx context.Context, truth *simulator.Truth) (*verdict.Verdict, error) {
	limit := time.Now().Add(time.Minute)
	for {
		v, err := verdict.Of(ctx, truth, s.pool, []string{s.kafka.Addr}, "aslog")
		if err != nil || v.Missing+v.Wrong == 0 || time.Now().After(limit) {
			return v, err
		}
		select {
		case err := <-s.ended:
			return v, fmt.Errorf("the daemon ended by itself: %w\n%s", err, s.log.String())
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (s *stage) close() {
	if s.server != nil {
		_ = s.server.Close()
	}
	s.running.Wait()
	if s.pool != nil {
		s.pool.Close()
	}
	if s.kafka != nil {
		s.kafka.Stop()
	}
	if s.pg != nil {
		_ = s.pg.Stop()
	}
}

// freeAddress is the wanted address, or one with a free port when it is taken.
func freeAddress(wanted string) string {
	for _, address := range []string{wanted, "127.0.0.1:0"} {
		if listener, err := net.Listen("tcp", address); err == nil {
			defer listener.Close()
			return listener.Addr().String()
		}
	}
	return wanted
}

// A stoppableClock is the time of the simulated cloud.
type stoppableClock struct{ stopped atomic.Pointer[time.Time] }

func (c *stoppableClock) now() time.Time {
	if at := c.stopped.Load(); at != nil {
		return *at
	}
	return time.Now()
}

func (c *stoppableClock) stop() {
	now := time.Now()
	c.stopped.CompareAndSwap(nil, &now)
}

// A tailBuffer keeps the last few thousand bytes of a log, for when it is
// wanted after all.
type tailBuffer struct {
	mu   sync.Mutex
	text []byte
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	if extra := len(b.text) - 8<<10; extra > 0 {
		b.text = b.text[extra:]
	}
	return len(p), nil
}

func (b *tailBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}
