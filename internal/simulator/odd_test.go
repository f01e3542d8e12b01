package simulator_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"aslogd/internal/simulator"
)

func TestClampRetentionAndEdges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 300, Faults: simulator.Faults{ClampLimit: 30, Retention: 10 * 24 * time.Hour}})
	id := w.firstGroup()
	if p := w.logs(id, "limit", "100"); p.Limit != 30 || len(p.Records) != 30 {
		t.Fatalf("limit %d, %d rows", p.Limit, len(p.Records))
	}
	before := w.walk(id)
	horizon := w.clock.Now().Add(-10 * 24 * time.Hour)
	if len(before) == 300 || before[len(before)-1].Start.Before(horizon) {
		t.Fatalf("%d rows, the oldest %v", len(before), before[len(before)-1].Start)
	}
	w.clock.forward(5 * 24 * time.Hour)
	after := w.walk(id)
	expired := 0
	for _, a := range w.group(0).Actions {
		if a.Expired {
			expired++
		}
	}
	if len(after) >= len(before) || expired != 300-len(after) {
		t.Fatalf("%d rows, then %d; truth has %d expired", len(before), len(after), expired)
	}

	open := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 30, Faults: simulator.Faults{OpenEdges: true}})
	id = open.firstGroup()
	at := open.logs(id).Records[3].Start.Format("2006-01-02T15:04:05Z")
	for _, r := range slices.Concat(open.walk(id, "start_time", at), open.walk(id, "end_time", at)) {
		if r.Start.Format("2006-01-02T15:04:05Z") == at {
			t.Fatal("an edge is in the span")
		}
	}
}

// Rows of one second change places from request to request; seconds do not.
func TestShuffledTies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 400, Days: 1, Faults: simulator.Faults{ShuffleTies: true}})
	id := w.firstGroup()
	ids := func(rs []record) (out []string) {
		for _, r := range rs {
			out = append(out, r.ID)
		}
		return out
	}
	a, b := w.logs(id, "limit", "100").Records, w.logs(id, "limit", "100").Records
	if slices.Equal(ids(a), ids(b)) {
		t.Fatal("two requests, one order")
	}
	for i := range a {
		if !a[i].Start.Equal(b[i].Start) {
			t.Fatalf("row %d starts at %v, then at %v", i, a[i].Start, b[i].Start)
		}
	}
	// A page that ends inside a second may show any of that second's rows.
	cut := slices.IndexFunc(a[1:], func(r record) bool { return r.Start.Equal(a[slices.Index(ids(a), r.ID)-1].Start) }) + 1
	last := map[string]bool{}
	for range 20 {
		last[ids(w.logs(id, "limit", strconv.Itoa(cut)).Records)[cut-1]] = true
	}
	if cut < 1 || len(last) < 2 {
		t.Fatalf("the page of %d rows always ends alike", cut)
	}
}

// Each oddity shows as what it is called, the same bytes at each request, and
// the truth says which no reader can take.
func TestOddities(t *testing.T) {
	t.Parallel()
	signs := map[string]string{
		"null_lists": `_list":null`, "blank_lists": `_list":""`, "name_lists": `_list":"as-config-`,
		"text_numbers": `"desire_value":"`, "description": `{'reason'`, "standby": `"ENTER_STANDBY"`,
		"status": `"PAUSING"`, "extra_fields": `"meta":`, "double_keys": `"instance_value":999`, "nul": `\u0000`,
		"surrogate": `\ud83d`, "huge_number": `"scaling_value":34028236692093846346`, "utf8": "\xc3(",
		"no_id": `{"instance_value"`, "deep": "[[[[[[",
	}
	for _, kind := range simulator.Oddities() {
		w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 40, Faults: simulator.Faults{Odd: 1, OddKinds: []string{kind}}})
		_, one := w.get(w.logPath(w.firstGroup(), "limit", "100"))
		_, two := w.get(w.logPath(w.firstGroup(), "limit", "100"))
		if !bytes.Equal(one, two) || !bytes.Contains(one, []byte(signs[kind])) || signs[kind] == "" {
			t.Errorf("%s: no %q in the page, or another page", kind, signs[kind])
		}
		if !json.Valid(one) || utf8.Valid(one) != (kind != "utf8") {
			t.Errorf("%s: JSON %v, UTF-8 %v", kind, json.Valid(one), utf8.Valid(one))
		}
		truth, err := simulator.FetchTruth(t.Context(), serve(t, w.Simulator).URL)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range truth.Groups[0].Actions {
			whole := kind == "utf8" || kind == "no_id" || kind == "deep"
			if a.Odd != kind || a.Quarantined != whole || (a.Field != "") != (kind == "huge_number") || a.ID == "" {
				t.Fatalf("%s: %+v", kind, a)
			}
			if !bytes.Contains(one, a.Last().Raw) {
				t.Fatalf("%s: the truth's text was not served: %q", kind, a.Last().Raw)
			}
		}
	}
}
