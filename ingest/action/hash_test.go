package action

import (
	"bytes"
	"os"
	"testing"
)

func TestLaw03SameRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, a, b string }{
		{"white space", `{"id":"a","x":[1,2]}`, "{ \"id\" :\n\"a\" , \"x\": [1, 2]}"},
		{"order of keys", `{"id":"a","x":{"p":1,"q":2}}`, `{"x":{"q":2,"p":1},"id":"a"}`},
		{"order of a list", `{"id":"a","instance_added_list":[{"instance_id":"1"},{"instance_id":"2"}]}`, `{"id":"a","instance_added_list":[{"instance_id":"2"},{"instance_id":"1"}]}`},
		{"null and []", `{"id":"a","instance_added_list":null}`, `{"id":"a","instance_added_list":[]}`},
		{"blank and absent", `{"id":"a","instance_added_list":"","end_time":" ","scaling_value":" "}`, `{"id":"a"}`},
		{"text and number", `{"id":"a","scaling_value":"0","weight":"1"}`, `{"id":"a","scaling_value":0,"weight":1}`},
		{"number with a blank", `{"id":"a","scaling_value":"7 ","instance_value":"0\t","desire_value":" 12\n"}`, `{"id":"a","scaling_value":7,"instance_value":0,"desire_value":12}`},
		{"zone", `{"id":"a","start_time":"2026-01-01T02:00:00+02:00"}`, `{"id":"a","start_time":"2026-01-01T00:00:00Z"}`},
		{"spelling", `{"id":"a","status":"DING","type":"MANNUAL_ADD"}`, `{"id":"a","status":"DOING","type":"MANUAL_ADD"}`},
		{"names joined", `{"id":"a","instance_added_list":"x,y"}`, `{"id":"a","instance_added_list":[{"instance_name":"y"},{"instance_name":"x"}]}`},
		{"escapes", `{"id":"a","x":"\u00e9\/"}`, `{"id":"a","x":"é/"}`},
		{"key twice", `{"id":"a","x":1,"x":2}`, `{"id":"a","x":2}`},
		{"listener that says nothing", `{"id":"a","lb_bind_success_list":[{"lbaas_listener":{"weight":null}}]}`, `{"id":"a","lb_bind_success_list":[{"lbaas_listener":null}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !bytes.Equal(hashOf(t, c.a), hashOf(t, c.b)) {
				t.Errorf("%s and %s should be one record", c.a, c.b)
			}
		})
	}
}

func TestLaw03OtherRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, a, b string }{
		{"status", `{"id":"a","status":"DOING"}`, `{"id":"a","status":"SUCCESS"}`},
		{"end", `{"id":"a","end_time":null}`, `{"id":"a","end_time":"2026-01-01T00:00:00Z"}`},
		{"unknown field", `{"id":"a","x":1}`, `{"id":"a","x":2}`},
		{"unknown field in an instance", `{"id":"a","instance_added_list":[{"instance_id":"1","z":1}]}`, `{"id":"a","instance_added_list":[{"instance_id":"1"}]}`},
		{"which list", `{"id":"a","instance_added_list":"x"}`, `{"id":"a","instance_removed_list":"x"}`},
		{"one more of the same", `{"id":"a","instance_added_list":"x,x"}`, `{"id":"a","instance_added_list":"x"}`},
		{"number's text", `{"id":"a","x":1.0}`, `{"id":"a","x":1}`},
		{"beyond a float", `{"id":"a","x":9007199254740993}`, `{"id":"a","x":9007199254740992}`},
		{"truth and text", `{"id":"a","x":true}`, `{"id":"a","x":"true"}`},
		{"two values that cannot be read", `{"id":"a","scaling_value":"many"}`, `{"id":"a","scaling_value":"few"}`},
		{"unreadable and absent", `{"id":"a","start_time":"yesterday"}`, `{"id":"a"}`},
		{"description", `{"id":"a","description":"{\"reason\":[]}"}`, `{"id":"a","description":"{\"reason\": []}"}`},
		{"where one text ends", `{"id":"a","x":"1:b"}`, `{"id":"a","x":"1","b":""}`},
		{"object and list of it", `{"id":"a","x":[{"y":1}]}`, `{"id":"a","x":{"y":1}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if bytes.Equal(hashOf(t, c.a), hashOf(t, c.b)) {
				t.Errorf("%s and %s should be two records", c.a, c.b)
			}
		})
	}
}

func hashOf(t *testing.T, raw string) []byte {
	t.Helper()
	a, err := Parse([]byte(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if len(a.Hash) != 33 || a.Hash[0] != Form {
		t.Fatalf("hash is %x", a.Hash)
	}
	return a.Hash
}

func BenchmarkParse(b *testing.B) {
	raw, err := os.ReadFile("testdata/parse/02_seed_normal.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHash is the canonical form and its hash alone, of a tree in normal form.
func BenchmarkHash(b *testing.B) {
	raw, err := os.ReadFile("testdata/parse/02_seed_normal.json")
	if err != nil {
		b.Fatal(err)
	}
	record, err := parse(raw)
	if err != nil {
		b.Fatal(err)
	}
	a := reading{Action: &Action{Raw: raw, ID: readableID(&record)}, room: new(room)}
	a.read(&record)
	var form []byte
	b.ReportAllocs()
	for b.Loop() {
		_, form = hash(form[:0], &record)
	}
}
