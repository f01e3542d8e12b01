package history

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// Every state that Postgres can show, in the words that `aslogd status` and the
// page use.
func TestTroublesInWords(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	text := func(s string) *string { return &s }
	at := func(ago time.Duration) *time.Time { a := now.Add(-ago); return &a }
	hour := func(from int) (time.Time, time.Time) {
		return now.Add(time.Duration(-from) * time.Hour), now.Add(time.Duration(1-from) * time.Hour)
	}
	gap := func(from int, reason string, closing bool) Gap {
		a, b := hour(from)
		return Gap{From: a, To: b, Reason: reason, Closing: closing}
	}
	fine := func() *Report {
		return &Report{
			At:      now,
			Sources: []Source{{Name: "otc"}},
			Shards: []Shard{
				{Number: 0, Owner: text("a"), Living: true, Head: 10, Published: 10, PublishedAt: at(time.Hour)},
				{Number: 1, Owner: text("a"), Living: true, Head: 20, Published: 18, PublishedAt: at(time.Hour), WaitingSince: at(time.Second)},
				{Number: 2},
			},
			Groups: []Group{
				{Source: "otc", ID: "g1", Name: text("web"), Shard: 0, Living: true, Named: true, LagSeconds: 30, Gaps: []Gap{gap(90, "retention", false)}},
				{Source: "otc", ID: "g2", Shard: 1, Living: true, Named: true, LagSeconds: 20},
				{Source: "otc", ID: "g3", Shard: 2, Named: true, LagSeconds: 90000},
			},
		}
	}
	var b strings.Builder
	for _, c := range []struct {
		name  string
		wreck func(r *Report)
	}{
		{"nothing", func(*Report) {}},
		{"a fork", func(r *Report) { r.Shards[0].Stopped = text("the topic is ahead by 8 rows: run this") }},
		{"a shard that is free", func(r *Report) { r.Shards[0].Owner, r.Shards[0].Living = nil, false }},
		{"owners that are silent", func(r *Report) {
			r.Shards[0].Living, r.Shards[1].Living, r.Shards[2].Living = false, false, true
		}},
		{"no daemon", func(r *Report) { r.Shards[0].Living, r.Shards[1].Living = false, false }},
		{"Kafka away", func(r *Report) { r.Shards[0].Head, r.Shards[0].WaitingSince = 4000, at(20*time.Minute) }},
		{"no Kafka", func(r *Report) {
			for i := range r.Shards {
				r.Shards[i].Published, r.Shards[i].PublishedAt, r.Shards[i].WaitingSince = 0, nil, at(time.Hour)
			}
		}},
		{"a paused source", func(r *Report) { r.Sources[0].PausedUntil = at(-time.Minute) }},
		{"a lag", func(r *Report) { r.Groups[0].LagSeconds = 3 * 3600 }},
		{"gaps", func(r *Report) {
			for i := range r.Groups {
				r.Groups[i].Gaps = append(r.Groups[i].Gaps, gap(9, Unproven, false), gap(7, Unproven, false))
			}
		}},
		{"a group that nobody wants read", func(r *Report) { r.Groups[0].Named, r.Groups[0].LagSeconds = false, 9000 }},
		{"a backfill", func(r *Report) { r.Groups[1].Gaps = []Gap{gap(9, Unproven, true)} }},
		{"quarantine", func(r *Report) { r.Quarantined = 1 }},
	} {
		r := fine()
		c.wreck(r)
		b.WriteString("# " + c.name + "\n")
		for _, trouble := range r.find() {
			b.WriteString(trouble.String() + "\n")
		}
	}
	golden(t, "testdata/troubles.txt", b.String())
}

// Every cause has words for what to do.
func TestEveryCauseSaysWhatToDo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("cause.go")
	if err != nil {
		t.Fatal(err)
	}
	constants, _, _ := strings.Cut(string(text), "// next says")
	causes := 0
	for line := range strings.Lines(constants) {
		if name, value, ok := strings.Cut(line, " Cause = "); ok {
			causes++
			if cause := Cause(strings.Trim(strings.TrimSpace(value), `"`)); next[cause] == "" {
				t.Errorf("%s, %q, says nothing", strings.TrimSpace(name), cause)
			}
		}
	}
	if causes != len(next) || causes < 20 {
		t.Errorf("%d causes, %d words", causes, len(next))
	}
}

// golden compares with a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s says\n%s\nand it is\n%s", path, want, got)
	}
}
