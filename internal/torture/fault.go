package main

import (
	"context"
	"time"

	"aslogd/internal/simulator"
)

// A fault is one way in which the world around the daemon fails.
type fault struct {
	name, says string

	replicas int                        // daemons that run at first; 1 where it is 0
	weather  func(*simulator.Config)    // what is done to the cloud; it clears at the end
	struck   func(simulator.Counts) int // how often weather struck; what acts counts with hit
	environ  func(c *cell) []string     // settings of the daemon besides the usual ones
	postgres string                     // a Postgres of its own: on a small disk, or with a clock to turn
	turnable bool                       // the daemon's own clock can be turned
	missing  func() string              // what this machine lacks for it; nothing: it can run

	// act works the fault until the window is over, and has mended it when it
	// returns. The daemons run when it begins, and must run when it ends.
	act func(ctx context.Context, c *cell, window time.Duration) error
}

// fails says whether there is anything that has to strike.
func (f *fault) fails() bool { return f.act != nil || f.weather != nil }

const (
	smallDisk     = "small disk"
	turnableClock = "turnable clock"
)

var faults = []fault{
	{name: "none", says: "nothing fails"},

	{name: "sigkill", says: "the daemon is killed every few seconds, and started again", act: sigkill},
	{name: "sigstop", says: "one of two replicas is stopped for three lease times, then woken", replicas: 2, act: sigstop},
	{name: "sigstop-in-copy", says: "the same, stopped in the middle of COPY", replicas: 2, act: sigstopInCopy},
	{name: "three-replicas", says: "of three replicas one is killed and one joins, again and again", replicas: 3, act: threeReplicas},

	{name: "postgres-killed", says: "the postmaster is killed, and recovers from the crash", act: postgresKilled},
	{name: "postgres-slow", says: "50 ms ± 25 and 400 KB/s to and from Postgres", act: postgresSlow},
	{name: "postgres-connections", says: "somebody else takes all connections of Postgres", act: postgresConnections},
	{name: "postgres-away", says: "Postgres cannot be reached for more than two lease times", act: postgresAway},
	{name: "postgres-resets", says: "connections to Postgres are reset, or fall silent", act: postgresResets},
	{name: "postgres-disk-full", says: "the disk of Postgres is full", postgres: smallDisk, missing: noSmallDisk, act: postgresDiskFull},

	{name: "kafka-stopped", says: "Kafka is gone for a minute (in the short form for 10 s)", act: kafkaStopped},
	{name: "kafka-mid-transaction", says: "connections to Kafka break off in the middle of transactions", act: kafkaMidTransaction},
	{name: "kafka-endtxn", says: "Kafka ends transactions, its answer is lost, and the daemon dies or waits longer than a lease", act: kafkaEndTxn},
	{name: "kafka-slow", says: "100 ms ± 50 and 200 KB/s to and from Kafka", act: kafkaSlow},
	{name: "kafka-half-open", says: "connections to Kafka fall silent for longer than a lease", act: kafkaHalfOpen},

	{name: "clock-process", says: "the daemon's clock jumps ten minutes ahead and back", turnable: true, act: clockProcess},
	{name: "clock-postgres", says: "the clock of Postgres jumps ten minutes ahead and back", postgres: turnableClock, missing: noFaketime, act: clockPostgres},

	{name: "weather-429", says: "requests are refused with 429, of all three kinds", struck: refused, weather: func(c *simulator.Config) {
		c.Faults.Throttle, c.Faults.RetryAfter = 0.03, "mixed"
	}},
	{name: "weather-5xx", says: "a quarter of the requests fail with 5xx, some with HTML", struck: failed, weather: func(c *simulator.Config) {
		c.Faults.ServerError = 0.25
	}},
	{name: "weather-truncated", says: "a quarter of the answers are cut short, or are HTML under a 200", struck: spoilt, weather: func(c *simulator.Config) {
		c.Faults.Garbage = 0.25
	}},
	{name: "weather-resets", says: "a quarter of the answers break off in the body", struck: dropped, weather: func(c *simulator.Config) {
		c.Faults.Drop = 0.25
	}},
	{name: "weather-stalls", says: "every tenth answer takes five seconds", struck: stalled, weather: func(c *simulator.Config) {
		c.Faults.Slow, c.Faults.SlowFor = 0.1, 5*time.Second
	}},
	{name: "token-expiry", says: "every ninth request finds its token expired", struck: expired, weather: func(c *simulator.Config) {
		c.Faults.ExpireEvery = 9
		c.Auth = simulator.Auth{Kind: simulator.AuthPassword, Domain: "OTC", Username: "reader", Password: "sesame"}
	}, environ: func(c *cell) []string {
		const source = "ASLOGD_SOURCE_0_"
		return []string{source + "AUTH=password", source + "IAM_URL=" + c.cloudURL,
			source + "DOMAIN=OTC", source + "USERNAME=reader", source + "PASSWORD=sesame"}
	}},
}

// telling are the faults of the short form. A clock of the daemon's own that can
// be turned is not among them: it takes a standard library built for it.
var telling = []string{
	"sigkill", "sigstop-in-copy", "three-replicas", "postgres-killed", "postgres-away", "kafka-mid-transaction", "kafka-endtxn",
}
