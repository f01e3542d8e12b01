package embedded

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"
)

// Postgres answers with what it was asked for, and leaves nothing behind.
func TestPostgres(t *testing.T) {
	t.Parallel()
	began := time.Now()
	pg, err := Postgres(t.Context(), "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Stop()
	t.Logf("%s after %s", pg.Version, time.Since(began))
	conn, err := pgx.Connect(t.Context(), pg.URL)
	if err != nil {
		t.Fatal(err)
	}
	var encoding, connections, fsync string
	err = conn.QueryRow(t.Context(), "SELECT current_setting('server_encoding'), current_setting('max_connections'), current_setting('fsync')").Scan(&encoding, &connections, &fsync)
	if err != nil {
		t.Fatal(err)
	}
	if encoding != "UTF8" || connections != "300" || fsync != "off" {
		t.Errorf("got encoding %s, %s connections, fsync %s", encoding, connections, fsync)
	}
	if err := pg.Stop(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(pg.remove); len(left) > 0 {
		t.Errorf("%s is left", left)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("it still answers after Stop")
	}
}

// Two at once, as packages' tests run, do not get into each other's way.
func TestTwoPostgres(t *testing.T) {
	t.Parallel()
	for range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "aslogd-two-")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			pg, err := Postgres(t.Context(), dir, Options{Durable: true, MaxConnections: 20})
			if err != nil {
				t.Fatal(err)
			}
			defer pg.Stop()
		})
	}
}

// The in-process broker takes a topic and what is written to it.
func TestBroker(t *testing.T) {
	t.Parallel()
	broker, err := Broker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Stop()
	takesAndGives(t, broker.Addr)
}

// takesAndGives makes a topic at addr, writes one record and reads it back.
func takesAndGives(t *testing.T, addr string) {
	t.Helper()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(addr), Timeout: 20 * time.Second, Transport: transport}
	made, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: "t", NumPartitions: 1, ReplicationFactor: 1}},
	})
	if err == nil {
		err = made.Errors["t"]
	}
	if err != nil {
		t.Fatalf("make a topic: %v", err)
	}
	writer := &kafka.Writer{Addr: kafka.TCP(addr), Topic: "t", RequiredAcks: kafka.RequireAll, BatchTimeout: time.Millisecond, Transport: transport}
	if err := writer.WriteMessages(t.Context(), kafka.Message{Value: []byte("hello")}); err != nil {
		t.Fatalf("write: %v", err)
	}
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{addr}, Topic: "t", MaxWait: 100 * time.Millisecond})
	defer reader.Close()
	got, err := reader.ReadMessage(t.Context())
	if err != nil || string(got.Value) != "hello" {
		t.Fatalf("read %q, %v", got.Value, err)
	}
}
