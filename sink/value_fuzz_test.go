package sink

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/segmentio/kafka-go/protocol"

	"aslogd/ingest/action"
	"aslogd/sink/broker"
)

// Whatever the API sends: the topic's value is JSON that fits its schema and
// holds the record byte for byte, and the journal's row can be made of it again,
// to the last bit that the chain covers. What is cut to a limit says so.
func FuzzValue(f *testing.F) {
	files, _ := filepath.Glob("../ingest/action/testdata/parse/*.json")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil {
			f.Add(raw, 300)
		}
	}
	f.Add([]byte(`{"id":"\ud800","status":"\u0000<>&","description":"{\"reason\":[{\"old_value\":\"1\"}]}"}`), 0)
	f.Add([]byte(`{"id":7,"start_time":"9999-12-31T23:59:59Z","instance_value":"-0","instance_added_list":"a,b"}`), -1)
	s := schema(f)
	f.Fuzz(func(t *testing.T, raw []byte, limit int) {
		raw = bytes.Trim(raw, " \t\r\n") // as it is cut out of a page
		if _, err := action.Parse(raw); err != nil {
			return
		}
		row := rowOf(t, raw)
		row.Status, row.Type, row.ActionID = cleanp(row.Status), cleanp(row.Type), clean(row.ActionID)
		value, err := Value(row, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		fits(t, s, value)
		m := mark{row.Seq, row.ChainHash, 0}
		again, err := rebuild(row.Shard, m, &broker.Committed{Record: protocol.Record{Value: protocol.NewBytes(value)}})
		if err != nil {
			t.Fatalf("%v\n%s", err, value)
		}
		if !bytes.Equal(Canonical(row), Canonical(again.Row)) {
			t.Fatalf("the row\n%q\ncame back as\n%q", Canonical(row), Canonical(again.Row))
		}
		short, err := Value(row, limit)
		if err != nil {
			t.Fatal(err)
		}
		var told struct {
			Truncated bool            `json:"truncated"`
			Raw       json.RawMessage `json:"raw"`
		}
		if err := json.Unmarshal(short, &told); err != nil || told.Truncated != (len(value) > limit) {
			t.Fatalf("cut to %d: %v\n%s", limit, err, short)
		}
		if !told.Truncated && !bytes.Equal(told.Raw, raw) {
			t.Fatalf("raw is not what was sent:\n%s\n%s", raw, told.Raw)
		}
	})
}
