package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"aslogd/checkpoint"
	"aslogd/ingest/asapi"
	"aslogd/sink/broker"
)

// newPool makes the pool of a process; nothing is connected to yet. A password
// that comes from a file is read again at each connection, so that a changed
// one works without a restart.
func newPool(ctx context.Context, c *Config, incarnation string) (*pgxpool.Pool, error) {
	url, err := c.DatabaseURL.Reveal()
	if err != nil {
		return nil, fmt.Errorf("read %sDATABASE_URL: %w", Prefix, err)
	}
	config, err := checkpoint.PoolConfig(url, incarnation, c.LeaseTTL)
	if err != nil {
		return nil, err
	}
	config.BeforeConnect = func(_ context.Context, conn *pgx.ConnConfig) error {
		now, err := c.DatabaseURL.Reveal()
		if err != nil {
			return fmt.Errorf("read %sDATABASE_URL: %w", Prefix, err)
		}
		if fresh, err := pgx.ParseConfig(now); err == nil {
			conn.User, conn.Password = fresh.User, fresh.Password
		}
		return nil
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// newBroker makes the client of the brokers; nil where none are set.
func newBroker(c *Config) (*broker.Broker, error) {
	if len(c.KafkaBrokers) == 0 {
		return nil, nil
	}
	config := broker.Config{Brokers: c.KafkaBrokers, ClientID: "aslogd"}
	if c.KafkaTLS {
		transport, err := kafkaTLS(c)
		if err != nil {
			return nil, err
		}
		config.TLS = transport
	}
	if c.KafkaSASLMechanism != "" {
		config.SASL = kafkaSASL{c}
	}
	return broker.New(config), nil
}

func kafkaTLS(c *Config) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.KafkaCAFile != "" {
		pem, err := os.ReadFile(c.KafkaCAFile)
		if err != nil {
			return nil, fmt.Errorf("read %sKAFKA_CA_FILE: %w", Prefix, err)
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
	}
	if c.KafkaCertFile != "" {
		// Read at each handshake: certificates are renewed under the same name.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.KafkaCertFile, c.KafkaKeyFile)
			return &pair, err
		}
	}
	if c.KafkaTLSVerify == "ca" {
		// The chain is still checked, only the host name is not.
		config.InsecureSkipVerify = true
		config.VerifyConnection = func(state tls.ConnectionState) error {
			options := x509.VerifyOptions{Roots: config.RootCAs, Intermediates: x509.NewCertPool()}
			for _, cert := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(cert)
			}
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		}
	}
	return config, nil
}

// kafkaSASL signs in with the password as it stands at each connection.
type kafkaSASL struct{ c *Config }

func (k kafkaSASL) Name() string { return k.c.KafkaSASLMechanism }

func (k kafkaSASL) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password, err := k.c.KafkaPassword.Reveal()
	if err != nil {
		return nil, nil, fmt.Errorf("read %sKAFKA_PASSWORD: %w", Prefix, err)
	}
	if k.c.KafkaSASLMechanism == "PLAIN" {
		return plain.Mechanism{Username: k.c.KafkaUsername, Password: password}.Start(ctx)
	}
	algorithm := scram.SHA256
	if k.c.KafkaSASLMechanism == "SCRAM-SHA-512" {
		algorithm = scram.SHA512
	}
	mechanism, err := scram.Mechanism(algorithm, k.c.KafkaUsername, password)
	if err != nil {
		return nil, nil, err
	}
	return mechanism.Start(ctx)
}

// newClient makes the client of one source. Budget, memory and metrics may be
// nil, for one question outside the daemon.
func newClient(s *Source, budget *asapi.Budget, memory *asapi.Memory, metrics *asapi.Metrics, warn func(error)) (*asapi.Client, error) {
	var auth asapi.Authenticator = asapi.None{}
	switch s.Auth {
	case "password":
		password, err := asapi.NewPassword(asapi.PasswordConfig{
			Source: s.Name, IAMURL: s.iamURL(), Domain: s.Domain, Username: s.Username,
			Password: s.Password.Reveal, Project: s.ProjectID, Metrics: metrics, Warn: warn,
		})
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		auth = password
	case "aksk":
		keys := asapi.AKSKConfig{Project: s.ProjectID, AccessKey: s.AccessKey.Reveal, SecretKey: s.SecretKey.Reveal}
		if s.SecurityToken.Set() {
			keys.SecurityToken = s.SecurityToken.Reveal
		}
		auth = asapi.NewAKSK(keys)
	}
	client, err := asapi.New(asapi.Config{
		Source: s.Name, URL: s.ASURL, Project: s.ProjectID, Auth: auth,
		Budget: budget, Memory: memory, Metrics: metrics, Warn: warn,
	})
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	return client, nil
}

// backfillFrom is the first moment that is wanted of a source's groups.
func (s *Source) backfillFrom(now time.Time) *time.Time {
	from := s.BackfillFrom.Time(now)
	if from.IsZero() {
		return nil
	}
	return &from
}
