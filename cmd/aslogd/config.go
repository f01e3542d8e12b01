package main

import (
	"net/url"
	"time"
)

// Prefix stands before the name of every variable.
const Prefix = "ASLOGD_"

// Config is everything the environment says. The tag `for` names the part of
// the program that a value is for: a command asks for the parts it needs, and
// hears of faults in those alone.
type Config struct {
	DatabaseURL Secret `env:"DATABASE_URL" for:"database"`

	KafkaBrokers       []string  `env:"KAFKA_BROKERS" for:"kafka"`
	KafkaTLS           bool      `env:"KAFKA_TLS" envDefault:"false" for:"kafka"`
	KafkaTLSVerify     string    `env:"KAFKA_TLS_VERIFY" envDefault:"full" for:"kafka"`
	KafkaCAFile        string    `env:"KAFKA_CA_FILE" for:"kafka"`
	KafkaCertFile      string    `env:"KAFKA_CERT_FILE" for:"kafka"`
	KafkaKeyFile       string    `env:"KAFKA_KEY_FILE" for:"kafka"`
	KafkaSASLMechanism string    `env:"KAFKA_SASL_MECHANISM" for:"kafka"`
	KafkaUsername      string    `env:"KAFKA_USERNAME" for:"kafka"`
	KafkaPassword      Secret    `env:"KAFKA_PASSWORD" for:"kafka"`
	KafkaTopicPrefix   string    `env:"KAFKA_TOPIC_PREFIX" envDefault:"aslog" for:"kafka"`
	KafkaReplication   int       `env:"KAFKA_REPLICATION" envDefault:"-1" for:"kafka"`
	KafkaRetention     Retention `env:"KAFKA_RETENTION" envDefault:"-1" for:"kafka"`

	Shards int `env:"SHARDS" envDefault:"8" for:"shards"`

	Sources []Source `env:"-"`

	PollInterval  time.Duration   `env:"POLL_INTERVAL" envDefault:"60s" for:"daemon"`
	WatchInterval time.Duration   `env:"WATCH_INTERVAL" envDefault:"10s" for:"daemon"`
	Settle        []time.Duration `env:"SETTLE" envDefault:"1h,24h" for:"daemon"`
	LeaseTTL      time.Duration   `env:"LEASE_TTL" envDefault:"15s" for:"daemon"`
	MemoryLimit   Bytes           `env:"MEMORY_LIMIT" envDefault:"256MiB" for:"daemon"`

	HTTPAddr  string `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080" for:"http"`
	HTTPToken Secret `env:"HTTP_TOKEN" for:"http"`

	ArchiveURL        string `env:"ARCHIVE_URL" for:"archive"`
	ArchiveSigningKey Secret `env:"ARCHIVE_SIGNING_KEY" for:"archive"`
	JournalRetention  int    `env:"JOURNAL_RETENTION" envDefault:"0" for:"archive"`

	Instance        string        `env:"INSTANCE" for:"daemon"`
	LogLevel        string        `env:"LOG_LEVEL" envDefault:"info" for:"daemon"`
	LogFormat       string        `env:"LOG_FORMAT" for:"daemon"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"20s" for:"daemon"`

	// Settings is every value as it took effect, for `aslogd config`.
	Settings []Setting `env:"-"`
	// Warnings are relations that work, but hardly as was meant.
	Warnings []string `env:"-"`
}

// Source is one project in one region.
type Source struct {
	Name              string   `env:"NAME" for:"sources"`
	ASURL             string   `env:"AS_URL" for:"sources"`
	ProjectID         string   `env:"PROJECT_ID" for:"sources"`
	Auth              string   `env:"AUTH" envDefault:"password" for:"sources"`
	IAMURL            string   `env:"IAM_URL" for:"sources"`
	Domain            string   `env:"DOMAIN" for:"sources"`
	Username          string   `env:"USERNAME" for:"sources"`
	Password          Secret   `env:"PASSWORD" for:"sources"`
	AccessKey         Secret   `env:"ACCESS_KEY" for:"sources"`
	SecretKey         Secret   `env:"SECRET_KEY" for:"sources"`
	SecurityToken     Secret   `env:"SECURITY_TOKEN" for:"sources"`
	Groups            []string `env:"GROUPS" for:"sources"`
	RequestsPerMinute int      `env:"REQUESTS_PER_MINUTE" envDefault:"40" for:"sources"`
	BackfillFrom      Moment   `env:"BACKFILL_FROM" for:"sources"`

	prefix string // ASLOGD_SOURCE_n_
}

// A Setting is one variable as it took effect, safe to print.
type Setting struct {
	Name  string
	Value string
	From  string // environment, file PATH, default, or derived
}

// Env is the environment by name. Nothing else in the program reads it.
type Env map[string]string

// iamURL is IAM's address: what was given, or the AS host with iam. for as.
// Empty where it cannot be told.
func (s *Source) iamURL() string {
	if s.IAMURL != "" {
		return s.IAMURL
	}
	u, err := url.Parse(s.ASURL)
	if err != nil || len(u.Host) < 4 || u.Host[:3] != "as." {
		return ""
	}
	u.Host = "iam." + u.Host[3:]
	return u.String()
}
