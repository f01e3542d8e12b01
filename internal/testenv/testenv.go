// Package testenv gives tests a real Postgres and a Kafka broker: those whose
// addresses the environment names (ASLOGD_TEST_DATABASE_URL, the URL of a
// superuser, and ASLOGD_TEST_KAFKA, host:port); else containers, where a Docker
// daemon answers; else processes of its own. Each is started when the first
// test asks for it, once a test binary, and named on stderr.
//
// ASLOGD_TEST_REQUIRE=postgres,kafka makes anything less than the real thing a
// failure. ASLOGD_TEST_KAFKA_VERSION names another release of Apache Kafka for
// the broker that is started from its jars.
package testenv

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A service is started by the first who asks for its address. Test binaries
// share it among their tests, so it is the one thing here that is global.
type service struct {
	once    sync.Once
	address string
	stop    func()
	err     error
}

var postgres, kafka service

func (s *service) get(start func(context.Context) (address string, stop func(), err error)) (string, error) {
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
		defer cancel()
		s.address, s.stop, s.err = start(ctx)
	})
	return s.address, s.err
}

func (s *service) end() {
	if s.stop != nil {
		s.stop()
	}
}

// Main runs the tests of a package and then stops what was started for them:
//
//	func TestMain(m *testing.M) { testenv.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	Stop()
	os.Exit(code)
}

// Stop ends the services that were started.
func Stop() {
	postgres.end()
	kafka.end()
}

// required tells whether nothing less than the real service will do.
func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("ASLOGD_TEST_REQUIRE"), ","), name)
}

// say names a service on stderr, once, before the tests that use it.
func say(service, what string) {
	fmt.Fprintf(os.Stderr, "testenv: %s: %s\n", service, what)
}

// Start starts both services and gives the variables that name them to test
// binaries, as "NAME=value".
func Start(ctx context.Context) ([]string, error) {
	databaseURL, err := postgres.get(startPostgres)
	if err != nil {
		return nil, fmt.Errorf("start Postgres for tests: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	brokers, err := kafka.get(startKafka)
	if err != nil {
		return nil, fmt.Errorf("start Kafka for tests: %w", err)
	}
	return []string{"ASLOGD_TEST_DATABASE_URL=" + databaseURL, "ASLOGD_TEST_KAFKA=" + brokers}, nil
}
