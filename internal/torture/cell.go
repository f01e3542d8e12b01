package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/simulator"
	"aslogd/internal/verdict"
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
	hits     int // how often the fault struck

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
		if err := d.end(25 * time.Second); err != nil {
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
	r.hits = c.hits
	if c.fault.struck != nil {
		r.hits += c.fault.struck(c.cloud.Counts())
	}
	r.problems = c.problems
}

// problem notes what is wrong besides what was stored.
func (c *cell) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
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

// sample looks at the daemons' memory while they live.
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
	return verdict.Of(ctx, c.cloud.Truth(), c.pool, []string{c.ground.kafka.Addr}, c.name)
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
