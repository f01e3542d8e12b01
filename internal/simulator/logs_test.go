package simulator_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

func TestExamplePageIsTheVendorsByteForByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Example: true})
	_, body := w.get(w.logPath(simulator.ExampleGroup, "start_time", "2018-11-22T00:00:00Z", "end_time", "2018-11-22T14:00:00Z"))
	if !bytes.Equal(body, simulator.ExamplePage) {
		t.Fatalf("got\n%s\nwant\n%s", body, simulator.ExamplePage)
	}
	p := w.logs(simulator.ExampleGroup, "log_id", "44152cf2-a005-4507-b6e9-66a2a64eff52")
	if p.Total != 1 || p.Records[0].Type != "NORMAL" {
		t.Fatalf("by log_id: %+v", p)
	}
	if p := w.logs(simulator.ExampleGroup, "type", "MODIFY_ELB"); p.Total != 1 || p.Records[0].Status != "SUCCESS" {
		t.Fatalf("by type: %+v", p)
	}
	g := w.group(0)
	sameAsTruth(t, g, w.walk(g.ID))
	if len(g.Actions[0].States) != 1 || len(g.Actions[1].States) != 1 {
		t.Fatal("the example ended long ago, it has one state")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 3, Faults: simulator.Faults{OffsetCap: 32768}})
	id := w.group(0).ID
	for _, c := range []struct{ name, value, code string }{
		{"start_time", "yesterday", "AS.9001"},
		{"start_time", "", "AS.9001"},
		{"start_time", "2026-03-01T00:00:00.5Z", "AS.9001"},
		{"start_time", "2026-03-01T00:00:00+00:00", "AS.9001"},
		{"end_time", "2026-03-01 00:00:00", "AS.9002"},
		{"end_time", "2026-02-30T00:00:00Z", "AS.9002"},
		{"start_number", "-1", "AS.9003"},
		{"start_number", "x", "AS.9003"},
		{"start_number", "32769", "AS.9003"},
		{"limit", "-1", "AS.9004"},
		{"limit", "101", "AS.9004"},
		{"limit", "ten", "AS.9004"},
		{"log_id", "1", "AS.9005"},
		{"type", "BIG_BANG", "AS.9012"},
		{"type", "NORMAL,", "AS.9012"},
		{"status", "DONE", "AS.9013"},
	} {
		resp, body := w.get(w.logPath(id, c.name, c.value))
		if resp.StatusCode != 400 || errorCode(body) != c.code {
			t.Errorf("%s=%q: %s %s, want 400 %s", c.name, c.value, resp.Status, body, c.code)
		}
	}
	if resp, body := w.get(w.logPath("44152cf2-a005-4507-b6e9-66a2a64eff52")); resp.StatusCode != 400 || errorCode(body) != "AS.2007" {
		t.Errorf("unknown group: %s %s", resp.Status, body)
	}
	if resp, body := w.get(strings.Replace(w.logPath(id), w.Project(), "other", 1)); resp.StatusCode != 400 || errorCode(body) != "AS.0008" {
		t.Errorf("another project: %s %s", resp.Status, body)
	}
	if resp, body := w.get("/autoscaling-api/v9/x"); resp.StatusCode != 404 || errorCode(body) != "APIG.0101" {
		t.Errorf("unknown path: %s %s", resp.Status, body)
	}
	if p := w.logs(id, "start_number", "32768"); p.Total != 3 || len(p.Records) != 0 {
		t.Errorf("deepest offset: %+v", p)
	}
}

func TestPagesAreNewestFirstAndWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 2, ActionsPerGroup: 250, Days: 20})
	for _, g := range w.Truth().Groups {
		p := w.logs(g.ID)
		if p.Limit != 20 || p.Start != 0 || p.Total != 250 || len(p.Records) != 20 {
			t.Fatalf("defaults: limit %d start %d total %d rows %d", p.Limit, p.Start, p.Total, len(p.Records))
		}
		if p := w.logs(g.ID, "limit", "0"); p.Limit != 0 || p.Total != 250 || p.Raws == nil || len(p.Records) != 0 {
			t.Fatalf("limit 0: %+v", p)
		}
		all := w.walk(g.ID)
		if !slices.IsSortedFunc(all, func(a, b record) int {
			if c := b.Start.Compare(a.Start); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		}) {
			t.Error("not newest first, then by id")
		}
		sameAsTruth(t, g, all)
	}
}

// sameAsTruth holds a perfect walk of the pages against the truth.
func sameAsTruth(t *testing.T, g simulator.GroupTruth, all []record) {
	t.Helper()
	if len(all) != len(g.Actions) {
		t.Fatalf("read %d actions, truth has %d", len(all), len(g.Actions))
	}
	for i, a := range g.Actions {
		if all[i].ID != a.ID || all[i].Raw != string(a.Last().Raw) || all[i].Status != a.Status || all[i].Type != a.Type {
			t.Fatalf("row %d\nread  %s\ntruth %s", i, all[i].Raw, a.Last().Raw)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 300, Faults: simulator.Faults{Misspell: 0.5}})
	id := w.group(0).ID
	all := w.walk(id)
	from, to := all[220].Start, all[100].Start
	stamp := func(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }
	for _, c := range []struct {
		name   string
		params []string
		want   func(record) bool
	}{
		{"from, inclusive", []string{"start_time", stamp(from)}, func(r record) bool { return !r.Start.Before(from) }},
		{"to, inclusive", []string{"end_time", stamp(to)}, func(r record) bool { return !r.Start.After(to) }},
		{"both", []string{"start_time", stamp(from), "end_time", stamp(to)},
			func(r record) bool { return !r.Start.Before(from) && !r.Start.After(to) }},
		{"upside down", []string{"start_time", stamp(to), "end_time", stamp(from)}, func(record) bool { return false }},
		{"status", []string{"status", "FAIL"}, func(r record) bool { return r.Status == "FAIL" }},
		{"types in either spelling", []string{"type", "MANUAL_ADD,DIFF"},
			func(r record) bool { return r.Type == "MANUAL_ADD" || r.Type == "MANNUAL_ADD" || r.Type == "DIFF" }},
		{"log_id", []string{"log_id", all[7].ID}, func(r record) bool { return r.ID == all[7].ID }},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(r record) bool { return !c.want(r) })
		got := w.walk(id, c.params...)
		if !slices.EqualFunc(got, want, func(a, b record) bool { return a.Raw == b.Raw }) {
			t.Errorf("%s: %d rows, want %d", c.name, len(got), len(want))
		}
	}
	if !slices.ContainsFunc(all, func(r record) bool { return strings.HasPrefix(r.Type, "MANNUAL_") }) ||
		!slices.ContainsFunc(all, func(r record) bool { return strings.HasPrefix(r.Type, "MANUAL_") }) {
		t.Error("misspelt types: want some, not all")
	}
}

func TestWorldFollowsFromSeedAndClock(t *testing.T) {
	t.Parallel()
	c := simulator.Config{Seed: 7, Groups: 3, ActionsPerGroup: 50, LiveRate: 2, Faults: simulator.Faults{Late: 0.3, Odd: 0.2}}
	a, b := newWorld(t, c), newWorld(t, c)
	// One is asked all the time, the other once: looking changes nothing.
	for range 20 {
		a.clock.forward(3 * time.Second)
		a.get("/truth?raw=false")
	}
	b.clock.forward(time.Minute)
	_, x := a.get("/truth")
	_, y := b.get("/truth")
	if !bytes.Equal(x, y) {
		t.Fatal("same seed, same clock, another world")
	}
	c.Seed = 8
	if other := newWorld(t, c); other.group(0).ID == a.group(0).ID {
		t.Fatal("another seed, the same groups")
	}
}

func TestRecordsWeighWhatRealOnesDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 1000})
	var bytes int
	types, reasons := map[string]int{}, map[string]int{}
	for _, r := range w.walk(w.group(0).ID) {
		bytes += len(r.Raw)
		types[r.Type]++
		for _, reason := range []string{"SCHEDULED", "RECURRENCE", "ALARM", "MANNUAL", "DIFF"} {
			if strings.Contains(r.Raw, `change_reason\":\"`+reason) {
				reasons[reason]++
			}
		}
	}
	if mean := bytes / 1000; mean < 900 || mean > 1300 {
		t.Errorf("a record has %d bytes, want about 1100", mean)
	}
	if len(types) != 8 || len(reasons) != 5 {
		t.Errorf("types %v, reasons %v: want 8 and 5 kinds", types, reasons)
	}
	t.Log(fmt.Sprint(bytes/1000, " bytes a record ", types, reasons))
}

func TestTextsMadeBeforeAreTheSame(t *testing.T) {
	t.Parallel()
	c := simulator.Config{Groups: 2, ActionsPerGroup: 300, Lasting: 6 * time.Hour, Faults: simulator.Faults{Odd: 0.2, Misspell: 0.3, Twice: 0.2}}
	made := newWorld(t, c)
	c.Prerender = true
	before := newWorld(t, c)
	for i := range 2 {
		path := made.logPath(made.group(i).ID, "limit", "100")
		_, want := made.get(path)
		_, have := before.get(path)
		if string(want) != string(have) {
			t.Errorf("group %d: a page whose texts were made before is not the one made when asked for", i)
		}
	}
}
