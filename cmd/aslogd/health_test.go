package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"aslogd/history"
	"aslogd/ingest/asapi"
)

// Every state that a daemon can be in, in the words of /readyz, each with what
// to do.
func TestReadyzInWords(t *testing.T) {
	t.Parallel()
	const lasting = time.Minute
	api := func(err error) func(h *health) {
		return func(h *health) {
			d := &daemon{health: h}
			d.warnSource("otc")(fmt.Errorf("list groups: %w", err))
		}
	}
	for _, c := range []struct {
		name  string
		wreck func(h *health)
		ready bool
		want  string
	}{
		{"nothing", func(*health) {}, true, ``},
		{"Postgres away", func(h *health) {
			h.wait(history.PostgresAway, "Postgres does not answer, trying on: connection refused")
		}, false, `
Postgres does not answer, trying on: connection refused
  → check that Postgres runs and that ASLOGD_DATABASE_URL reaches it from here; the daemon goes on by itself`},
		{"no schema", func(h *health) { h.wait(history.SchemaMissing, "no schema yet: waiting for aslogd migrate") }, false, `
no schema yet: waiting for aslogd migrate
  → run ` + "`aslogd migrate`" + ` as the schema's owner; the daemon goes on by itself`},
		{"a schema too old", func(h *health) { h.wait(history.SchemaOlder, "the schema is older than this binary") }, false, `
the schema is older than this binary
  → run this release's ` + "`aslogd migrate`" + ` as the schema's owner; the daemon goes on by itself`},
		{"leases lost", func(h *health) {
			h.ttl = time.Second
			h.begin(func() time.Time { return time.Now().Add(-20 * time.Second) })
		}, false, `
no heartbeat for 20s: Postgres does not answer
  → check Postgres (is it up, full, out of connections?); other replicas may take the shards meanwhile, and nothing is lost`},
		{"Kafka away", func(h *health) {
			h.degrade(history.NewTrouble(history.KafkaAway, "Kafka", "no answer from kafka within 10s"), lasting)
		}, true, `
degraded: Kafka: no answer from kafka within 10s
  → check that the brokers run and that ASLOGD_KAFKA_BROKERS and its credentials are right (` + "`aslogd config --check`" + `); the journal keeps everything until then`},
		{"a fork", func(h *health) {
			h.watch(3, func() (string, string) { return "topic_ahead", "t/3 is ahead of the journal by 8 rows: run this" })
		}, true, `
degraded: shard 3: t/3 is ahead of the journal by 8 rows: run this
  → stop the daemons, run ` + "`aslogd recover --from-topic`" + `, start them (docs/operations.md, Postgres went back); the other shards go on`},
		{"a fork that is mended", func(h *health) { h.watch(3, func() (string, string) { return "", "" }) }, true, ``},
		{"a shard that is another's now", func(h *health) { h.watch(3, func() (string, string) { return "", "fork" })() }, true, ``},
		{"401", api(&asapi.Error{Status: 401, Message: "wrong password"}), true, `
degraded: source otc: list groups: AS answered 401: wrong password
  → check the source's DOMAIN, USERNAME and PASSWORD, or its keys, and that the user is not locked; a …_FILE is read again by itself`},
		{"403", api(&asapi.Error{Status: 403}), true, `
degraded: source otc: list groups: AS answered 403
  → grant the user AutoScaling ReadOnlyAccess in this project; ` + "`aslogd config --check`" + ` names what is missing`},
		{"429", api(&asapi.Error{Status: 429, Code: "APIGW.0308"}), true, `
degraded: source otc: list groups: AS answered 429 APIGW.0308
  → nothing, if it is rare: the source goes on by itself. If it lasts, lower its REQUESTS_PER_MINUTE: others use the tenant's budget too`},
		{"503", api(&asapi.Error{Status: 503}), true, `
degraded: source otc: list groups: AS answered 503
  → nothing, if it passes: the service itself fails, and reading goes on by itself; the cloud's status page may say more`},
		{"404", api(&asapi.Error{Status: 404, Code: "APIG.0101"}), true, `
degraded: source otc: list groups: AS answered 404 APIG.0101
  → check the source's AS_URL and PROJECT_ID with ` + "`aslogd config --check`"},
		{"no way to the API", api(&url.Error{Op: "Get", URL: "https://as", Err: errors.New("no such host")}), true, `
degraded: source otc: list groups: Get "https://as": no such host
  → check the source's AS_URL, its name in DNS, and the way there; reading goes on by itself`},
		{"something else", api(errors.New("odd")), true, `
degraded: source otc: list groups: odd
  → nothing, if it passes: each is tried again. If it lasts, the log names the groups`},
		{"a source that was stopped", func(h *health) {
			h.degrade(history.NewTrouble(history.SourceOff, "budget of source otc", "REQUESTS_PER_MINUTE=0: nothing is read"), 0)
		}, true, `
degraded: budget of source otc: REQUESTS_PER_MINUTE=0: nothing is read
  → set its REQUESTS_PER_MINUTE above 0 to have it read again`},
		{"the end", func(h *health) { h.wait(history.Stopping, "stopping") }, false, `
stopping
  → nothing: another replica takes the shards`},
		{"what was asked to stop", api(context.Canceled), true, ``},
	} {
		h := &health{}
		c.wreck(h)
		ready, words := h.Ready()
		if got := strings.Join(words, "\n"); ready != c.ready || got != strings.TrimPrefix(c.want, "\n") {
			t.Errorf("%s: ready is %v, and it says\n%s\nnot\n%s", c.name, ready, got, c.want)
		}
	}
}
