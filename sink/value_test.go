package sink

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"aslogd/ingest/action"
)

// rowOf is the journal row that the commit makes of a record.
func rowOf(t testing.TB, raw []byte) *Row {
	t.Helper()
	a, err := action.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &Row{
		Shard: 3, Seq: 7, RecordedAt: time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC),
		Source: "source0", ProjectID: "p", GroupID: "g", ActionID: a.ID, Revision: 1, Change: New,
		Status: a.Status, Type: a.Type, StartTime: a.StartTime, EndTime: a.EndTime,
		InstanceValue: a.InstanceValue, DesireValue: a.DesireValue, ScalingValue: a.ScalingValue,
		ContentHash: a.Hash, Raw: a.Raw, ChainHash: bytes.Repeat([]byte{0xab}, 32),
	}
}

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("../api/action.v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fits(t testing.TB, s *jsonschema.Schema, value []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		t.Fatalf("no JSON: %v\n%s", err, value)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v\n%s", err, value)
	}
}

func TestValueFitsItsSchemaWhateverIsLeftOut(t *testing.T) {
	t.Parallel()
	s := schema(t)
	files, err := filepath.Glob("../ingest/action/testdata/parse/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d records: %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		raw = bytes.TrimSpace(raw)
		r := rowOf(t, raw)
		whole, err := Value(r, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(whole, append([]byte(`,"truncated":false,"raw":`), append(raw, '}')...)) {
			t.Errorf("%s: raw is not byte for byte what was sent: %s", file, whole)
		}
		fits(t, s, whole)
		for size := len(whole) - 1; size > 0; size -= 16 {
			v, err := Value(r, size)
			if err != nil {
				t.Fatal(err)
			}
			fits(t, s, v)
		}
	}
}

// The order is that of the schema; times are UTC; absent values are null and
// absent lists are not; what JSON lets stand is not escaped.
func TestLaw05ValueIsThisText(t *testing.T) {
	t.Parallel()
	raw := `{"id":"a-1", "type":"MANNUAL_ADD","status":"DING","start_time":"2026-02-01T10:00:00Z","instance_value":"0","desire_value":2,
 "description":"{\"reason\":[{\"change_reason\":\"A<B>&\",\"old_value\":0,\"new_value\":2,\"change_time\":\"2026-02-01T09:59:58Z\"}]}",
 "instance_added_list":[{"instance_id":"i-1","instance_name":"o\u0000\"ne\n"}], "new_field": 1.50}`
	name := "Grüppe"
	r := rowOf(t, []byte(raw))
	r.GroupName = &name
	got, err := Value(r, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"source":"source0","project_id":"p","group_id":"g","group_name":"Grüppe","action_id":"a-1","revision":1,"change":"new",` +
		`"status":"DOING","type":"MANUAL_ADD","start_time":"2026-02-01T10:00:00Z","end_time":null,"instance_value":0,"desire_value":2,"scaling_value":null,` +
		`"description":"{\"reason\":[{\"change_reason\":\"A<B>&\",\"old_value\":0,\"new_value\":2,\"change_time\":\"2026-02-01T09:59:58Z\"}]}",` +
		`"reasons":[{"ordinal":0,"change_reason":"A<B>&","change_time":"2026-02-01T09:59:58Z","old_value":0,"new_value":2,"scaling_policy_id":null,"scaling_policy_name":null}],` +
		`"instances":[{"outcome":"added","ordinal":0,"instance_id":"i-1","instance_name":"o` + "\uFFFD" + `\"ne\u000a","failed_reason":null,"failed_details":null,"instance_config":null}],` +
		`"load_balancers":[],"recorded_at":"2026-03-01T09:00:00.123456Z","truncated":false,"raw":` + raw + `}`
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestValueLeavesOutRawThenListsThenDescription(t *testing.T) {
	t.Parallel()
	r := rowOf(t, []byte(`{"id":"a","instance_added_list":"one,two","description":"`+strings.Repeat("long ", 40)+`","more":"`+strings.Repeat("x", 500)+`"}`))
	type left struct {
		Truncated   bool
		Raw         json.RawMessage
		Instances   []any
		Description *string
	}
	var seen []string
	for size := 4000; size > 100; size-- {
		v, err := Value(r, size)
		if err != nil {
			t.Fatal(err)
		}
		var l left
		if err := json.Unmarshal(v, &l); err != nil {
			t.Fatal(err)
		}
		var what []string
		if l.Truncated {
			what = append(what, "truncated")
		}
		if string(l.Raw) != "null" {
			what = append(what, "raw")
		}
		if l.Instances != nil {
			what = append(what, "lists")
		}
		if l.Description != nil {
			what = append(what, "description")
		}
		if state := strings.Join(what, " "); len(seen) == 0 || seen[len(seen)-1] != state {
			seen = append(seen, state)
		}
		if len(v) > size && l.Description != nil {
			t.Fatalf("%d bytes for %d, though more could be left out", len(v), size)
		}
	}
	want := "raw lists description; truncated lists description; truncated description; truncated"
	if got := strings.Join(seen, "; "); got != want {
		t.Errorf("left out in this order: %s, want %s", got, want)
	}
}
