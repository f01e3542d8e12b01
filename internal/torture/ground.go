package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"

	"aslogd/internal/embedded"
	"aslogd/sink/broker"
)

// A ground is the services that cells run on, one after the other: a real
// Postgres, a real Kafka whose address is that of a proxy, and proxies before
// Postgres, one a replica, so that one of them alone can be slowed down.
type ground struct {
	dir      string
	pg       *embedded.PG
	kafka    *embedded.KafkaServer
	toKafka  *proxy
	toPG     []*proxy
	clock    string // the file that turns the clock of Postgres; empty without one
	ballast  string // where to put what fills the disk of Postgres; empty without one
	unmount  func()
	versions string
}

const (
	maxReplicas    = 3
	maxConnections = 100
	writer         = "torture" // the daemon's login
)

// newGround starts everything. kind says what is special about Postgres.
func newGround(ctx context.Context, dir, kind string) (g *ground, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	g = &ground{dir: dir, unmount: func() {}}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if g.toKafka, err = newProxy("Kafka", ""); err != nil {
		return nil, err
	}
	kafkaDir := filepath.Join(dir, "kafka")
	if err := os.MkdirAll(kafkaDir, 0o755); err != nil {
		return nil, fmt.Errorf("make a directory for Kafka: %w", err)
	}
	g.kafka, err = embedded.KafkaWith(ctx, embedded.KafkaOptions{Dir: kafkaDir, Advertised: g.toKafka.at})
	if err != nil {
		return nil, err
	}
	g.toKafka.now.Upstream = g.kafka.Outside // nobody knows the proxy yet
	if err := g.startPostgres(ctx, kind); err != nil {
		return nil, err
	}
	for range maxReplicas {
		p, err := newProxy("Postgres", hostOf(g.pg.URL))
		if err != nil {
			return nil, err
		}
		g.toPG = append(g.toPG, p)
	}
	g.versions = g.pg.Version + ", Apache Kafka " + g.kafka.Version
	return g, nil
}

func (g *ground) startPostgres(ctx context.Context, kind string) (err error) {
	opts := embedded.Options{MaxConnections: maxConnections}
	dir := filepath.Join(g.dir, "postgres")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a directory for Postgres: %w", err)
	}
	switch kind {
	case smallDisk:
		if g.unmount, err = mountSmallDisk(dir); err != nil {
			return err
		}
		g.ballast = filepath.Join(dir, "ballast")
		opts.Settings = []string{"max_wal_size=96MB", "min_wal_size=32MB"}
	case turnableClock:
		g.clock = filepath.Join(g.dir, "postgres-clock")
		if err := turn(g.clock, "+0"); err != nil {
			return err
		}
		opts.Environment = faketime(g.clock)
	}
	g.pg, err = embedded.Postgres(ctx, dir, opts)
	return err
}

// database makes one for a cell and gives the superuser's URL of it.
func (g *ground) database(ctx context.Context, name string) (string, error) {
	return inDatabase(g.pg.URL, name), g.execute(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", name))
}

// drop removes a cell's database, with whoever is still connected.
func (g *ground) drop(ctx context.Context, name string) error {
	return g.execute(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name))
}

// dropTopics removes a cell's topics.
func (g *ground) dropTopics(ctx context.Context, prefix string) error {
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(g.kafka.Addr), Timeout: 10 * time.Second, Transport: transport}
	_, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{broker.ActionsTopic(prefix), broker.LatestTopic(prefix)}})
	return err
}

func (g *ground) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, g.pg.URL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (g *ground) close() {
	for _, p := range g.toPG {
		p.cut()
	}
	if g.toKafka != nil {
		g.toKafka.cut()
	}
	if g.kafka != nil {
		g.kafka.Stop()
	}
	if g.pg != nil {
		_ = g.pg.Stop()
	}
	g.unmount()
	_ = os.RemoveAll(filepath.Join(g.dir, "kafka", "data"))
	_ = os.RemoveAll(filepath.Join(g.dir, "postgres", "data"))
}

func inDatabase(address, name string) string {
	u, _ := url.Parse(address) // our own
	u.Path = "/" + name
	return u.String()
}

func hostOf(address string) string {
	u, _ := url.Parse(address) // our own
	return u.Host
}
