package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// enough is the least that a daemon starts with.
func enough() Env {
	return Env{
		"ASLOGD_DATABASE_URL":        "postgres://aslogd:hunter2secret@db.example:5432/aslog",
		"ASLOGD_SOURCE_0_AS_URL":     "https://as.eu-de.example.com",
		"ASLOGD_SOURCE_0_PROJECT_ID": "p1",
		"ASLOGD_SOURCE_0_DOMAIN":     "d1",
		"ASLOGD_SOURCE_0_USERNAME":   "u1",
		"ASLOGD_SOURCE_0_PASSWORD":   "swordfish",
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load(enough(), allParts...)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range c.Settings {
		got[s.Name] = s.Value + " (" + s.From + ")"
	}
	want := map[string]string{
		"KAFKA_BROKERS": " (default)", "KAFKA_TLS": "false (default)", "KAFKA_TLS_VERIFY": "full (default)",
		"KAFKA_TOPIC_PREFIX": "aslog (default)", "KAFKA_REPLICATION": "-1 (default)", "KAFKA_RETENTION": "-1 (default)",
		"SHARDS": "8 (default)", "POLL_INTERVAL": "60s (default)", "WATCH_INTERVAL": "10s (default)",
		"SETTLE": "1h,24h (default)", "LEASE_TTL": "15s (default)", "MEMORY_LIMIT": "256MiB (default)",
		"HTTP_ADDR": "127.0.0.1:8080 (default)", "JOURNAL_RETENTION": "0 (default)", "LOG_LEVEL": "info (default)",
		"SHUTDOWN_TIMEOUT": "20s (default)", "ARCHIVE_URL": " (default)",
		"SOURCE_0_NAME": "source0 (default)", "SOURCE_0_AUTH": "password (default)",
		"SOURCE_0_REQUESTS_PER_MINUTE": "40 (default)", "SOURCE_0_GROUPS": " (default)",
		"SOURCE_0_IAM_URL":    "https://iam.eu-de.example.com (derived from ASLOGD_SOURCE_0_AS_URL)",
		"SOURCE_0_PROJECT_ID": "p1 (environment)", "SOURCE_0_PASSWORD": "****** (environment)",
		"DATABASE_URL": "postgres://aslogd:******@db.example:5432/aslog (environment)",
	}
	for name, value := range want {
		if got[Prefix+name] != value {
			t.Errorf("%s is %q, want %q", name, got[Prefix+name], value)
		}
	}
	if c.PollInterval != time.Minute || c.MemoryLimit != 256<<20 || !slices.Equal(c.Settle, []time.Duration{time.Hour, 24 * time.Hour}) {
		t.Errorf("poll %v, memory %v, settle %v", c.PollInterval, c.MemoryLimit, c.Settle)
	}
	if !strings.Contains(c.Instance, "-") {
		t.Errorf("instance %q", c.Instance)
	}
}

func TestEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	environ := Env{
		"ASLOGD_POLL_INTERVAL":               "fast",
		"ASLOGD_SHARDS":                      "0",
		"ASLOGD_KAFKA_BROKER":                "localhost:9092",
		"ASLOGD_KAFKA_SASL_MECHANISM":        "SCRAM-SHA-512",
		"ASLOGD_KAFKA_CERT_FILE":             "cert.pem",
		"ASLOGD_HTTP_ADDR":                   ":8080",
		"ASLOGD_LEASE_TTL":                   "10ms",
		"ASLOGD_MEMORY_LIMIT":                "lots",
		"ASLOGD_SETTLE":                      "24h,1h",
		"ASLOGD_ARCHIVE_URL":                 "file:///archive",
		"ASLOGD_SOURCE_0_AS_URL":             "https://as.example.com/v1",
		"ASLOGD_SOURCE_0_AUTH":               "aksk",
		"ASLOGD_SOURCE_0_ACCESS_KEY":         "k",
		"ASLOGD_SOURCE_2_AS_URL":             "https://scaling.example.com",
		"ASLOGD_SOURCE_2_PROJECT_ID":         "p2",
		"ASLOGD_SOURCE_2_NAME":               "source0",
		"ASLOGD_SOURCE_2_REQUEST_PER_MINUTE": "40",
		"ASLOGD_SOURCE_2_BACKFILL_FROM":      "yesterday",
	}
	_, err := Load(environ, allParts...)
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("got %v", err)
	}
	got := map[string]string{}
	for _, f := range faults {
		got[strings.TrimPrefix(f.Variable, Prefix)] = f.Problem
	}
	want := map[string]string{
		"DATABASE_URL": "required", "POLL_INTERVAL": "want a duration", "SHARDS": "not between 1 and 256",
		"KAFKA_BROKER": "did you mean ASLOGD_KAFKA_BROKERS?", "KAFKA_USERNAME": "required for SCRAM", "KAFKA_PASSWORD": "required for SCRAM",
		"KAFKA_KEY_FILE": "required beside", "KAFKA_TLS": "must be true", "HTTP_TOKEN": "can be reached from elsewhere",
		"LEASE_TTL": "not between 1s", "MEMORY_LIMIT": "no amount of memory", "SETTLE": "does not follow",
		"ARCHIVE_SIGNING_KEY": "required beside", "SOURCE_0_AS_URL": "without a path", "SOURCE_0_PROJECT_ID": "required",
		"SOURCE_0_SECRET_KEY": "required for ASLOGD_SOURCE_0_AUTH=aksk", "SOURCE_2_NAME": "names are unique",
		"SOURCE_2_REQUEST_PER_MINUTE": "did you mean ASLOGD_SOURCE_2_REQUESTS_PER_MINUTE?",
		"SOURCE_2_BACKFILL_FROM":      "neither a time", "SOURCE_2_IAM_URL": "required", "SOURCE_2_DOMAIN": "required",
		"SOURCE_2_USERNAME": "required", "SOURCE_2_PASSWORD": "required",
	}
	for name, words := range want {
		if !strings.Contains(got[name], words) {
			t.Errorf("%s: %q, want %q in it", name, got[name], words)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("besides: %v", got)
	}
}

// A command hears of what it needs, and of nothing else.
func TestPartsApart(t *testing.T) {
	t.Parallel()
	environ := Env{"ASLOGD_DATABASE_URL": "postgres://h/d", "ASLOGD_LEASE_TTL": "x", "ASLOGD_HTTP_ADDR": "y"}
	if _, err := Load(environ, "database"); err != nil {
		t.Error(err)
	}
	if _, err := Load(environ, "http"); err == nil {
		t.Error("a bad address passed")
	}
}

func TestOneSetting(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		set  string // NAME=value, prefix left out
		want string // in the fault; empty: none
	}{
		{"HTTP_ADDR=localhost:80", ""}, {"HTTP_ADDR=[::1]:80", ""}, {"HTTP_ADDR=localhost:99999", "is no port"}, {"HTTP_ADDR=10.0.0.1:80", "required, because"},
		{"SHARDS=256", ""}, {"SHARDS=257", "not between"}, {"SHARDS=1.5", "no whole number"},
		{"KAFKA_BROKERS=a:1,b", `"b" is no host:port`}, {"KAFKA_TLS=maybe", "neither true nor false"},
		{"KAFKA_RETENTION=30d", ""}, {"KAFKA_RETENTION=7", "neither -1"}, {"KAFKA_TOPIC_PREFIX=a/b", "cannot begin a topic"},
		{"KAFKA_REPLICATION=0", "neither -1"}, {"KAFKA_USERNAME=u", "required beside a user name"},
		{"WATCH_INTERVAL=0", ""}, {"WATCH_INTERVAL=1ms", "not between"}, {"SETTLE=30s", "shorter than a minute"},
		{"SETTLE=1m", "must be longer than ASLOGD_POLL_INTERVAL"},
		{"MEMORY_LIMIT=1GB", ""}, {"MEMORY_LIMIT=67108864", ""}, {"MEMORY_LIMIT=1MiB", "less than 64MiB"},
		{"LOG_LEVEL=loud", "none of"}, {"LOG_LEVEL=9", "none of"}, {"LOG_FORMAT=xml", "neither json"}, {"JOURNAL_RETENTION=-1", "below 0"},
		{"SOURCE_0_REQUESTS_PER_MINUTE=0", ""}, {"SOURCE_0_REQUESTS_PER_MINUTE=-1", "below 0"},
		{"SOURCE_0_BACKFILL_FROM=90d", ""}, {"SOURCE_0_BACKFILL_FROM=2160h", ""}, {"SOURCE_0_BACKFILL_FROM=2020-01-02T03:04:05Z", ""},
		{"SOURCE_0_BACKFILL_FROM=2999-01-01T00:00:00Z", "lies ahead"}, {"SOURCE_0_BACKFILL_FROM=-5h", "neither a time"},
		{"SOURCE_0_AUTH=token", "none of"}, {"SOURCE_0_AUTH=none", ""}, {"SOURCE_0_AS_URL=as.example.com", "want scheme and host"},
		{"SOURCE_0_AS_URL=https://u:p@as.example.com", "holds credentials"}, {"SOURCE_0_GROUPS=a,b/c", `"b/c" is no group id`},
		{"DATABASE_URL=postgres://u:topsecret@h:port/d", "cannot be read as"}, {"DATABASE_URL=host=h user=u dbname=d", ""},
		{"SOURCE_00_AS_URL=https://as.x.com", "no such setting"}, {"NONSENSE_THAT_IS_NOWHERE_NEAR=1", "no such setting"},
		{"TEST_KAFKA=x:1", ""}, {"SERVICE_HOST=10.0.0.1", ""}, {"PORT_8080_TCP_ADDR=10.0.0.1", ""}, {"PORT=tcp://10.0.0.1:8080", ""},
		{"ARCHIVE_URL=gs://b", "want file:///"}, {"DATABASE_URL_FILE=nowhere", "give one of the two"},
	} {
		t.Run(tc.set, func(t *testing.T) {
			t.Parallel()
			environ := enough()
			name, value, _ := strings.Cut(tc.set, "=")
			environ[Prefix+name] = value
			_, err := Load(environ, allParts...)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "topsecret") {
				t.Error("the fault shows the password")
			}
		})
	}
}

func TestSecretFromFile(t *testing.T) {
	t.Parallel()
	environ := enough()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	delete(environ, "ASLOGD_SOURCE_0_PASSWORD")
	environ["ASLOGD_SOURCE_0_PASSWORD_FILE"] = path
	c, err := Load(environ, allParts...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Sources[0].Password.Reveal(); got != want || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	environ["ASLOGD_SOURCE_0_PASSWORD_FILE"] = path + ".gone"
	if _, err := Load(environ, allParts...); err == nil || !strings.Contains(err.Error(), "SOURCE_0_PASSWORD_FILE") {
		t.Errorf("a missing file: %v", err)
	}
}

// Credentials have no place in the address of a service: it is refused, and they
// are not shown, nor in the address that is derived from it.
func TestCredentialsInAnAddress(t *testing.T) {
	t.Parallel()
	environ := enough()
	environ[Prefix+"SOURCE_0_AS_URL"] = "https://u:sesame@as.example.com"
	environ[Prefix+"ARCHIVE_URL"] = "s3://u:sesame@bucket/x"
	var lines []string
	for name, value := range environ {
		lines = append(lines, name+"="+value)
	}
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"config"}, lines, &out, &errs); code != exitUsage {
		t.Errorf("exit %d", code)
	}
	if all := out.String() + errs.String(); strings.Contains(all, "sesame") || !strings.Contains(all, "iam.example.com") {
		t.Errorf("shows:\n%s", all)
	}
}

// No way of printing a configuration, or of refusing one, shows a secret.
func TestSecretNeverPrinted(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_USERNAME": "u", "KAFKA_PASSWORD": "sesame-1", "HTTP_TOKEN": "sesame-2",
		"ARCHIVE_SIGNING_KEY": "sesame-3", "SOURCE_0_PASSWORD": "sesame-4", "SOURCE_0_ACCESS_KEY": "sesame-5",
		"SOURCE_0_SECRET_KEY": "sesame-6", "SOURCE_0_SECURITY_TOKEN": "sesame-7",
		"DATABASE_URL": "postgres://u:sesame-8@h/d",
	}
	good := enough()
	for name, value := range secrets {
		good[Prefix+name] = value
	}
	bad := maps.Clone(good)
	bad["ASLOGD_DATABASE_URL"] = "postgres://u:sesame-8@h:nowhere/d"
	bad["ASLOGD_SHARDS"] = "none"
	for _, environ := range []Env{good, bad} {
		var lines []string
		for name, value := range environ {
			lines = append(lines, name+"="+value)
		}
		var out, errs strings.Builder
		run(t.Context(), []string{"config"}, lines, &out, &errs)
		c, _ := Load(environ, allParts...)
		all := out.String() + errs.String() + fmt.Sprintf("%v %+v %#v %s %q", *c, *c, *c, c.Sources[0].Password, c.Sources[0].Password)
		if strings.Contains(all, "sesame") {
			t.Errorf("a secret shows:\n%s", all)
		}
		if !strings.Contains(all, masked) {
			t.Error("nothing is masked")
		}
	}
}
