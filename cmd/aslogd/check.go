package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// check judges the values themselves and how they stand to one another.
func (c *Config) check() (faults Faults) {
	fault := func(part, name, format string, args ...any) {
		faults = append(faults, Fault{Prefix + name, fmt.Sprintf(format, args...), part})
	}
	c.checkDatabase(fault)
	c.checkKafka(fault)
	c.checkDaemon(fault)
	c.checkHTTP(fault)
	c.checkArchive(fault)
	return append(faults, c.checkSources()...)
}

type faultFunc func(part, name, format string, args ...any)

func (c *Config) checkDatabase(fault faultFunc) {
	if !c.DatabaseURL.Set() {
		fault("database", "DATABASE_URL", "required: the address of Postgres, postgres://user:password@host:5432/database")
	} else if text, err := c.DatabaseURL.Reveal(); err == nil {
		// The parser's own words could hold parts of the password.
		if _, err := pgxpool.ParseConfig(text); err != nil {
			fault("database", "DATABASE_URL", "cannot be read as postgres://user:password@host:5432/database")
		}
	}
	if c.Shards < 1 || c.Shards > 256 {
		fault("shards", "SHARDS", "%d is not between 1 and 256", c.Shards)
	}
}

var topicPrefix = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,200}$`)

func (c *Config) checkKafka(fault faultFunc) {
	for _, broker := range c.KafkaBrokers {
		if host, port, err := net.SplitHostPort(broker); err != nil || host == "" || port == "" {
			fault("kafka", "KAFKA_BROKERS", "%q is no host:port", broker)
		}
	}
	if c.KafkaTLSVerify != "full" && c.KafkaTLSVerify != "ca" {
		fault("kafka", "KAFKA_TLS_VERIFY", "%q is neither full nor ca", c.KafkaTLSVerify)
	}
	if c.KafkaCAFile != "" {
		if pem, err := os.ReadFile(c.KafkaCAFile); err != nil {
			fault("kafka", "KAFKA_CA_FILE", "%v", err)
		} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			fault("kafka", "KAFKA_CA_FILE", "%s holds no certificate (PEM)", c.KafkaCAFile)
		}
	}
	switch {
	case c.KafkaCertFile != "" && c.KafkaKeyFile == "":
		fault("kafka", "KAFKA_KEY_FILE", "required beside %sKAFKA_CERT_FILE", Prefix)
	case c.KafkaCertFile == "" && c.KafkaKeyFile != "":
		fault("kafka", "KAFKA_CERT_FILE", "required beside %sKAFKA_KEY_FILE", Prefix)
	case c.KafkaCertFile != "":
		if _, err := tls.LoadX509KeyPair(c.KafkaCertFile, c.KafkaKeyFile); err != nil {
			fault("kafka", "KAFKA_CERT_FILE", "%v", err)
		}
	}
	if !c.KafkaTLS && (c.KafkaCAFile != "" || c.KafkaCertFile != "") {
		fault("kafka", "KAFKA_TLS", "must be true where certificates are given")
	}
	mechanisms := []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
	switch {
	case c.KafkaSASLMechanism == "":
		if c.KafkaUsername != "" || c.KafkaPassword.Set() {
			fault("kafka", "KAFKA_SASL_MECHANISM", "required beside a user name or password: one of %s", strings.Join(mechanisms, ", "))
		}
	case !slices.Contains(mechanisms, c.KafkaSASLMechanism):
		fault("kafka", "KAFKA_SASL_MECHANISM", "%q is none of %s", c.KafkaSASLMechanism, strings.Join(mechanisms, ", "))
	default:
		if c.KafkaUsername == "" {
			fault("kafka", "KAFKA_USERNAME", "required for %s", c.KafkaSASLMechanism)
		}
		if !c.KafkaPassword.Set() {
			fault("kafka", "KAFKA_PASSWORD", "required for %s", c.KafkaSASLMechanism)
		}
	}
	if !topicPrefix.MatchString(c.KafkaTopicPrefix) {
		fault("kafka", "KAFKA_TOPIC_PREFIX", "%q cannot begin a topic's name: letters, digits, dot, dash and underscore, at most 200", c.KafkaTopicPrefix)
	}
	if c.KafkaReplication != -1 && (c.KafkaReplication < 1 || c.KafkaReplication > 32) {
		fault("kafka", "KAFKA_REPLICATION", "%d is neither -1 (the broker's default) nor between 1 and 32", c.KafkaReplication)
	}
	if c.KafkaTLS && c.KafkaTLSVerify == "ca" {
		c.warn("KAFKA_TLS_VERIFY=ca: the brokers' host names are not checked")
	}
	if !c.KafkaTLS && c.KafkaSASLMechanism == "PLAIN" {
		c.warn("KAFKA_SASL_MECHANISM=PLAIN without KAFKA_TLS: the password crosses the network in the clear")
	}
}

func (c *Config) checkDaemon(fault faultFunc) {
	between := func(name string, d, low, high time.Duration) {
		if d < low || d > high {
			fault("daemon", name, "%v is not between %v and %v", d, low, high)
		}
	}
	between("POLL_INTERVAL", c.PollInterval, time.Second, 24*time.Hour)
	// A Kafka transaction may stay open for as long as a lease, and brokers
	// refuse more than 15 minutes.
	between("LEASE_TTL", c.LeaseTTL, time.Second, 10*time.Minute)
	between("SHUTDOWN_TIMEOUT", c.ShutdownTimeout, time.Second, 10*time.Minute)
	if c.WatchInterval != 0 {
		between("WATCH_INTERVAL", c.WatchInterval, time.Second, time.Hour)
	}
	for i, stage := range c.Settle {
		switch {
		case stage < time.Minute:
			fault("daemon", "SETTLE", "%v is shorter than a minute", stage)
		case i > 0 && stage <= c.Settle[i-1]:
			fault("daemon", "SETTLE", "%v does not follow %v: each must be longer than the one before", stage, c.Settle[i-1])
		}
	}
	if len(c.Settle) > 0 && c.Settle[0] <= c.PollInterval {
		fault("daemon", "SETTLE", "its first, %v, must be longer than %sPOLL_INTERVAL, %v: nothing is read again before it was read", c.Settle[0], Prefix, c.PollInterval)
	}
	if c.MemoryLimit < 64<<20 {
		fault("daemon", "MEMORY_LIMIT", "%d bytes is less than 64MiB", c.MemoryLimit)
	}
	if !slices.Contains([]string{"trace", "debug", "info", "warn", "error"}, c.LogLevel) {
		fault("daemon", "LOG_LEVEL", "%q is none of trace, debug, info, warn, error", c.LogLevel)
	}
	if c.LogFormat != "" && c.LogFormat != "json" && c.LogFormat != "console" {
		fault("daemon", "LOG_FORMAT", "%q is neither json nor console", c.LogFormat)
	}
	if 2*c.LeaseTTL > c.PollInterval {
		c.warn("POLL_INTERVAL=%v: after a replica is killed its groups can go unpolled for twice LEASE_TTL, %v", c.PollInterval, 2*c.LeaseTTL)
	}
}

func (c *Config) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}
