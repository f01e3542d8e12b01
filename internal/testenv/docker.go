package testenv

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// The images are those of docker-compose.yml.
const (
	postgresImage = "postgres:17"
	kafkaImage    = "apache/kafka:4.3.1"
)

// dockerAnswers tells whether there is a Docker daemon to run containers. A
// machine without one must not wait for it.
func dockerAnswers(ctx context.Context) (answers bool) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	defer func() {
		if recover() != nil { // the library panics where it finds no daemon at all
			answers = false
		}
	}()
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		return false
	}
	defer provider.Close()
	return provider.Health(ctx) == nil
}

func containerPostgres(ctx context.Context) (string, func(), error) {
	const port = "5432/tcp"
	c, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
		Started: true,
		ContainerRequest: testcontainers.ContainerRequest{
			Image:        postgresImage,
			Env:          map[string]string{"POSTGRES_PASSWORD": loginPassword},
			Cmd:          []string{"postgres", "-c", "max_connections=300", "-c", "fsync=off"},
			ExposedPorts: []string{port},
			// Twice: the image starts it once to set it up.
			WaitingFor: wait.ForLog("database system is ready to accept connections").WithOccurrence(2),
		},
	})
	if err != nil {
		return "", nil, fmt.Errorf("run %s: %w", postgresImage, err)
	}
	stop := func() { testcontainers.TerminateContainer(c) }
	address, err := c.PortEndpoint(ctx, port, "")
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("find the port of %s: %w", postgresImage, err)
	}
	say("Postgres", "container "+postgresImage)
	return fmt.Sprintf("postgres://postgres:%s@%s/postgres?sslmode=disable", loginPassword, address), stop, nil
}

// containerKafka gives the broker the same port inside and outside, since a
// broker tells its clients where to find it.
func containerKafka(ctx context.Context) (string, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("find a free port: %w", err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	c, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
		Started: true,
		ContainerRequest: testcontainers.ContainerRequest{
			Image:        kafkaImage,
			ExposedPorts: []string{port + ":" + port + "/tcp"},
			HostConfigModifier: func(host *container.HostConfig) {
				host.AutoRemove = true
			},
			Env: map[string]string{
				"KAFKA_NODE_ID":                                  "1",
				"KAFKA_PROCESS_ROLES":                            "broker,controller",
				"KAFKA_CONTROLLER_QUORUM_VOTERS":                 "1@localhost:9093",
				"KAFKA_LISTENERS":                                "PLAINTEXT://:" + port + ",CONTROLLER://:9093",
				"KAFKA_ADVERTISED_LISTENERS":                     "PLAINTEXT://127.0.0.1:" + port,
				"KAFKA_CONTROLLER_LISTENER_NAMES":                "CONTROLLER",
				"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP":           "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
				"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR":         "1",
				"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
				"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR":            "1",
				"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS":         "0",
				"KAFKA_AUTO_CREATE_TOPICS_ENABLE":                "false",
			},
			WaitingFor: wait.ForLog("Kafka Server started"),
		},
	})
	if err != nil {
		return "", nil, fmt.Errorf("run %s: %w", kafkaImage, err)
	}
	say("Kafka", "container "+kafkaImage)
	return "127.0.0.1:" + port, func() { testcontainers.TerminateContainer(c) }, nil
}
