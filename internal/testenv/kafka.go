package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"aslogd/internal/embedded"
)

// Kafka is the address (host:port) of a broker that all tests of this binary
// share: make topics of your own names. It is a real Kafka where one can be
// had, else one within the process.
func Kafka(t testing.TB) string {
	t.Helper()
	address, err := kafka.get(startKafka)
	if err != nil {
		t.Fatalf("start Kafka for tests: %v", err)
	}
	return address
}

func startKafka(ctx context.Context) (string, func(), error) {
	if address := os.Getenv("ASLOGD_TEST_KAFKA"); address != "" {
		say("Kafka", "the one of ASLOGD_TEST_KAFKA")
		return address, nil, nil
	}
	if dockerAnswers(ctx) {
		return containerKafka(ctx)
	}
	why := errors.New("there is no Docker daemon, and not both java and mvn")
	if embedded.KafkaPossible() {
		server, err := embedded.Kafka(ctx, "", os.Getenv("ASLOGD_TEST_KAFKA_VERSION"))
		if err == nil {
			say("Kafka", "Apache Kafka "+server.Version+" from its jars")
			return server.Addr, server.Stop, nil
		}
		why = err
	}
	if required("kafka") {
		return "", nil, fmt.Errorf("a real one is required: %w", why)
	}
	broker, err := embedded.Broker(ctx)
	if err != nil {
		return "", nil, err
	}
	say("Kafka", fmt.Sprintf("in-process broker, which proves nothing about Kafka (%v)", why))
	return broker.Addr, broker.Stop, nil
}
