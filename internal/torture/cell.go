package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/simulator"
	"aslogd/internal/verdict"
	"aslogd/sink/broker"
)

const (
	leaseTTL = 3 * time.Second
	shards   = 4
)

// A cell is one fault in one scenario, while it runs.
type cell struct {
	pair
	ground *ground
	binary string
	dir    string // its logs
	short  bool
	dice   *rand.Rand

	name     string // of its database and topics
	pool     *pgxpool.Pool
	cloud    *simulator.Simulator
	cloudURL string
	clock    string // the file that turns the daemon's clock
	problems []string

	mu      sync.Mutex
	daemons []*daemon // every one that was ever started
}

// run is the story of a cell: a backlog, then live, with the fault acting during
// both; then everything mends, the world comes to rest, and what was kept is
// judged once the daemon has caught up, and again when it has stopped.
func (c *cell) run(ctx context.Context, r *result) (err error) {
	window := 15 * time.Second
	if c.short {
		window = 8 * time.Second
	}
	defer c.killAll()
	leave, err := c.prepare(ctx)
	defer leave()
	if err != nil {
		return err
	}
	for i := range max(1, c.fault.replicas) {
		if _, err := c.start(i); err != nil {
			return err
		}
	}
	sampled, stop := context.WithCancel(ctx)
	defer stop()
	go c.sample(sampled)

	began := time.Now()
	if err := c.begun(ctx); err != nil {
		return err
	}
	if c.fault.act != nil {
		if err := c.fault.act(ctx, c, window); err != nil {
			return fmt.Errorf("work the fault: %w", err)
		}
	}
	sleep(ctx, window-time.Since(began))

	c.cloud.Rest()
	mended := time.Now()
	r.verdict, err = c.catchUp(ctx, 90*time.Second)
	r.catchUp = time.Since(mended)
	if err != nil {
		return err
	}
	for _, d := range c.running() {
		if err := d.end(15 * time.Second); err != nil {
			c.problem("%v", err)
		}
	}
	c.leftBehind(ctx)
	if r.verdict, err = c.judge(ctx); err != nil {
		return err
	}
	c.tell(r)
	return nil
}

// tell adds what the judge does not know.
func (c *cell) tell(r *result) {
	r.requests = c.cloud.Counts().Logs
	for _, g := range c.cloud.Truth().Groups {
		r.perfect += max(1, (len(g.Actions)+99)/100)
	}
	for _, d := range c.daemons {
		r.peak = max(r.peak, d.measure())
	}
	if r.peak > memoryLimit {
		c.problem("the daemon had %d MiB", r.peak>>20)
	}
	r.problems = c.problems
}

// problem notes what is wrong besides what was stored.
func (c *cell) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// prepare makes the cell's world: database, topics and cloud.
func (c *cell) prepare(ctx context.Context) (leave func(), err error) {
	var left []func()
	leave = func() {
		for _, f := range slices.Backward(left) {
			f()
		}
	}
	owner, err := c.ground.database(ctx, c.name)
	if err != nil {
		return leave, err
	}
	left = append(left, func() { _ = c.ground.drop(context.WithoutCancel(ctx), c.name) })
	migrate := exec.CommandContext(ctx, c.binary, "migrate")
	migrate.Env = []string{"ASLOGD_DATABASE_URL=" + owner, "ASLOGD_KAFKA_BROKERS=" + c.ground.kafka.Addr,
		"ASLOGD_KAFKA_TOPIC_PREFIX=" + c.name, fmt.Sprintf("ASLOGD_SHARDS=%d", shards)}
	if out, err := migrate.CombinedOutput(); err != nil {
		return leave, fmt.Errorf("migrate: %w\n%s", err, out)
	}
	err = c.ground.execute(ctx, fmt.Sprintf(`DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s') THEN CREATE ROLE %[1]s LOGIN PASSWORD '%[1]s' IN ROLE aslogd_writer; END IF;
	END $$`, writer))
	if err != nil {
		return leave, err
	}
	config, err := pgxpool.ParseConfig(owner)
	if err != nil {
		return leave, err
	}
	config.MaxConns = 2
	if c.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return leave, err
	}
	left = append(left, c.pool.Close)
	c.clock = c.dir + "/clock"
	if err := turn(c.clock, "0"); err != nil {
		return leave, err
	}
	world := c.scenario.cloud
	world.Seed = c.dice.Uint64()
	if c.fault.weather != nil {
		c.fault.weather(&world)
	}
	if c.cloud, err = simulator.New(world); err != nil {
		return leave, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return leave, fmt.Errorf("listen for the simulated cloud: %w", err)
	}
	c.cloudURL = "http://" + listener.Addr().String()
	server := &http.Server{Handler: c.cloud.Handler()}
	go server.Serve(listener) //nolint:errcheck // it ends with Close
	left = append(left, func() { _ = server.Close() })
	return leave, nil
}

// start runs a daemon as replica i, which says through which proxy it reaches
// Postgres.
func (c *cell) start(i int) (*daemon, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := fmt.Sprintf("r%d-%d", i, len(c.daemons)+1)
	const source = "ASLOGD_SOURCE_0_"
	environ := append([]string{
		"TZ=UTC", clockVariable + "=" + c.clock,
		fmt.Sprintf("ASLOGD_DATABASE_URL=postgres://%[1]s:%[1]s@%s/%s?sslmode=disable", writer, c.ground.toPG[i].at, c.name),
		"ASLOGD_KAFKA_BROKERS=" + c.ground.toKafka.at, "ASLOGD_KAFKA_TOPIC_PREFIX=" + c.name,
		fmt.Sprintf("ASLOGD_SHARDS=%d", shards), "ASLOGD_LEASE_TTL=" + leaseTTL.String(), "ASLOGD_INSTANCE=" + name,
		"ASLOGD_POLL_INTERVAL=1s", "ASLOGD_WATCH_INTERVAL=1s", "ASLOGD_HTTP_ADDR=127.0.0.1:0", "ASLOGD_LOG_FORMAT=json",
		source + "AS_URL=" + c.cloudURL, source + "PROJECT_ID=" + c.cloud.Project(), source + "REQUESTS_PER_MINUTE=1500",
	}, c.scenario.environ...)
	if c.fault.environ != nil {
		environ = append(environ, c.fault.environ(c)...)
	} else {
		environ = append(environ, source+"AUTH=none")
	}
	d, err := spawn(c.binary, c.dir, name, i, environ)
	if err == nil {
		c.daemons = append(c.daemons, d)
	}
	return d, err
}

// running are the daemons that have not ended.
func (c *cell) running() (alive []*daemon) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.daemons {
		if d.alive() {
			alive = append(alive, d)
		}
	}
	return alive
}

func (c *cell) killAll() {
	for _, d := range c.running() {
		d.kill()
	}
}

// sample looks at the daemons' memory, and whether one ended by itself.
func (c *cell) sample(ctx context.Context) {
	for sleep(ctx, 300*time.Millisecond) {
		for _, d := range c.running() {
			d.measure()
		}
	}
}

func (c *cell) judge(ctx context.Context) (*verdict.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return verdict.Of(ctx, c.cloud.Truth(), c.pool, []string{c.ground.kafka.Addr}, broker.ActionsTopic(c.name))
}

// turn writes what a clock is moved by. It is there whole or not at all.
func turn(file, by string) error {
	fresh := file + ".fresh"
	if err := os.WriteFile(fresh, []byte(by+"\n"), 0o644); err != nil {
		return fmt.Errorf("turn the clock: %w", err)
	}
	return os.Rename(fresh, file)
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
