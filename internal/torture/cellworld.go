package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/simulator"
)

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
	left = append(left, func() { // what cannot be removed goes with the ground
		_ = c.ground.drop(context.WithoutCancel(ctx), c.name)
		_ = c.ground.dropTopics(context.WithoutCancel(ctx), c.name)
	})
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
