package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"aslogd/internal/simulator"
	"aslogd/sink/broker"
)

// The vendor's own example, all the way: each row in each table, and each
// record in both topics.
func TestExampleEndToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Example: true})
	stop := w.start(t)
	until(t, time.Minute, "both revisions are published", func() bool {
		return w.number(t, "SELECT sum(published_seq)::bigint FROM aslog.shard_published") == 2
	})
	const elb, normal = "8753a18c-931d-4cb8-8d49-6c99396af348", "44152cf2-a005-4507-b6e9-66a2a64eff52"
	for _, tc := range []struct{ sql, want string }{
		{`SELECT string_agg(concat_ws('|', action_id, revision, status, type, start_time AT TIME ZONE 'UTC', end_time AT TIME ZONE 'UTC',
			instance_value, desire_value, scaling_value, open), E'\n' ORDER BY start_time) FROM aslog.scaling_action`,
			normal + "|1|SUCCESS|NORMAL|2018-11-22 13:44:22|2018-11-22 13:46:02|0|1|1|f\n" +
				elb + "|1|SUCCESS|MODIFY_ELB|2018-11-22 13:46:20|2018-11-22 13:47:38|0|0|0|f"},
		{`SELECT string_agg(concat_ws('|', action_id, outcome, ordinal, instance_id, instance_name), E'\n') FROM aslog.scaling_action_instance`,
			normal + "|added|0|8e273bac-d303-46dc-9883-628be2294bdf|as-config-t66a_9W8L9SSK"},
		{`SELECT string_agg(concat_ws('|', action_id, outcome, ordinal, coalesce(listener_id, 'null'), pool_id, protocol_port, weight, failed_reason), E'\n')
			FROM aslog.scaling_action_load_balancer`,
			elb + "|bind_success|0|null|0f0a9dd8-2e1d-4432-8ca2-49adc75aa662|82|1"},
		{`SELECT string_agg(concat_ws('|', action_id, ordinal, change_reason, change_time AT TIME ZONE 'UTC', old_value, new_value,
			coalesce(scaling_policy_id, 'null')), E'\n') FROM aslog.scaling_action_reason`,
			normal + "|0|MANNUAL|2018-11-22 13:44:19|0|1|null"},
		{`SELECT string_agg(concat_ws('|', action_id, change, revision), E'\n' ORDER BY seq) FROM aslog.journal`,
			normal + "|new|1\n" + elb + "|new|1"},
		{`SELECT string_agg(group_id, ',') FROM aslog.scaling_group`, simulator.ExampleGroup},
		{`SELECT count(*)::text FROM aslog.quarantine`, "0"},
	} {
		var got string
		if err := w.pool.QueryRow(t.Context(), tc.sql).Scan(&got); err != nil || got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s (%v)", tc.sql, got, tc.want, err)
		}
	}

	raw := map[string]string{}
	rows, err := w.pool.Query(t.Context(), "SELECT action_id, raw::text FROM aslog.journal")
	if err != nil {
		t.Fatal(err)
	}
	var id, text string
	if _, err := pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		raw[id] = text
		if !bytes.Contains(simulator.ExamplePage, []byte(text)) {
			t.Errorf("the journal's raw is not the API's text:\n%s", text)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for topic, keys := range map[string][]string{
		broker.ActionsTopic(w.prefix): {simulator.ExampleGroup, simulator.ExampleGroup},
		broker.LatestTopic(w.prefix):  {simulator.ExampleGroup + "/" + normal, simulator.ExampleGroup + "/" + elb},
	} {
		for i, r := range consume(t, w.kafka, topic, 2) {
			if string(r.Key) != keys[i] {
				t.Errorf("%s: key %q, want %q", topic, r.Key, keys[i])
			}
			checkValue(t, r.Value, []string{normal, elb}[i], raw)
		}
	}
	if code := stop(); code != exitDone {
		t.Errorf("it ended with %d", code)
	}
}

func checkValue(t *testing.T, value []byte, id string, raw map[string]string) {
	t.Helper()
	if !bytes.HasSuffix(value, []byte(`"raw":`+raw[id]+"}")) {
		t.Errorf("raw is not the API's text byte for byte:\n%s", value)
	}
	var v map[string]any
	if err := json.Unmarshal(value, &v); err != nil {
		t.Fatalf("%v\n%s", err, value)
	}
	want := map[string]any{
		"source": "source0", "group_id": simulator.ExampleGroup, "action_id": id, "revision": 1.0, "change": "new",
		"status": "SUCCESS", "truncated": false, "instance_value": 0.0,
	}
	if id == "44152cf2-a005-4507-b6e9-66a2a64eff52" {
		want["type"], want["start_time"], want["end_time"] = "NORMAL", "2018-11-22T13:44:22Z", "2018-11-22T13:46:02Z"
		want["desire_value"] = 1.0
	} else {
		want["type"], want["description"] = "MODIFY_ELB", nil
	}
	for name, expected := range want {
		if got, ok := v[name]; !ok || got != expected {
			t.Errorf("%s is %v, want %v", name, got, expected)
		}
	}
	sizes := map[string]int{"reasons": 0, "instances": 0, "load_balancers": 1}
	if v["type"] == "NORMAL" {
		sizes = map[string]int{"reasons": 1, "instances": 1, "load_balancers": 0}
	}
	for name, n := range sizes {
		if list, ok := v[name].([]any); !ok || len(list) != n {
			t.Errorf("%s is %v, want a list of %d", name, v[name], n)
		}
	}
}

// consume reads n committed records of a topic.
func consume(t *testing.T, address, topic string, n int) (records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for len(records) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("read %s: %v", topic, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}
