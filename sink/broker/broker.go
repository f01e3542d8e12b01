// Package broker speaks to Kafka: transactions under a producer id, reading
// back what is committed, and the topics themselves. It drives kafka-go's
// transport with the protocol's own messages, because its Writer knows neither
// transactions nor idempotence, and looks at every error code of every answer:
// they sit in fields of the answer, beside a nil error.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/sasl"
)

// How long one request may take, and how long a refusal that mends by itself
// is asked again before it becomes the caller's.
const (
	requestTimeout = 10 * time.Second
	retryTimeout   = 20 * time.Second
)

// A Config says which brokers, and how to reach them.
type Config struct {
	Brokers  []string // host:port
	TLS      *tls.Config
	SASL     sasl.Mechanism
	ClientID string

	// Wrap, where set, stands between this package and the transport: a place
	// for faults in tests.
	Wrap func(kafka.RoundTripper) kafka.RoundTripper
}

// A Broker is a Kafka cluster. It is safe for concurrent use.
type Broker struct {
	addr      net.Addr
	transport *kafka.Transport
	trip      kafka.RoundTripper
}

// New makes a Broker. Nothing is connected before the first call.
func New(cfg Config) *Broker {
	transport := &kafka.Transport{
		ClientID:    cfg.ClientID,
		TLS:         cfg.TLS,
		SASL:        cfg.SASL,
		DialTimeout: 5 * time.Second,
		MetadataTTL: 3 * time.Second,
	}
	b := &Broker{addr: kafka.TCP(cfg.Brokers...), transport: transport, trip: transport}
	if cfg.Wrap != nil {
		b.trip = cfg.Wrap(transport)
	}
	return b
}

// Close closes the connections.
func (b *Broker) Close() { b.transport.CloseIdleConnections() }

// Cluster is the id that the cluster gives itself; empty where it has none.
func (b *Broker) Cluster(ctx context.Context) (string, error) {
	res, err := call[*metadata.Response](ctx, b, &metadata.Request{TopicNames: []string{}})
	if err != nil {
		return "", fmt.Errorf("ask kafka for its cluster id: %w", err)
	}
	return res.ClusterID, nil
}

// call sends one request to the broker that it concerns.
func call[T protocol.Message](ctx context.Context, b *Broker, req protocol.Message) (T, error) {
	var none T
	ctx, cancel := context.WithTimeoutCause(ctx, requestTimeout, fmt.Errorf("no answer from kafka within %v", requestTimeout))
	defer cancel()
	res, err := b.trip.RoundTrip(ctx, b.addr, req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return none, cause
		}
		if broke(err) {
			b.transport.CloseIdleConnections()
		}
		return none, err
	}
	typed, ok := res.(T)
	if !ok {
		return none, fmt.Errorf("kafka answered a %T with a %T", req, res)
	}
	return typed, nil
}

// broke tells whether a connection was closed under a request. The others that
// lie idle are as dead then, most often, but the transport notices only as it
// uses them: each would cost somebody a request, and its patience after it.
func broke(err error) bool {
	for _, closed := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, closed) {
			return true
		}
	}
	return false
}

// again repeats ask while its refusal is one that mends by itself (a
// coordinator that loads, a leader that moves, the former transaction's markers
// still being written).
func again(ctx context.Context, ask func(context.Context) error) error {
	began := time.Now()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		err := ask(ctx)
		if err == nil || !mends(err) || time.Since(began) > retryTimeout {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}
