package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
	"aslogd/internal/verdict"
)

// Each way in which a cell can end shows in its line, and in the exit code.
func TestCellsTellHowTheyEnded(t *testing.T) {
	t.Parallel()
	p := pair{&scenario{name: "plain"}, &fault{name: "none"}}
	gaps := pair{&scenario{name: "retention", gaps: true}, &fault{name: "none"}}
	fails := pair{p.scenario, &fault{name: "sigkill", act: sigkill}}
	weather := pair{p.scenario, &fault{name: "weather-5xx", weather: func(*simulator.Config) {}}}
	fine := &verdict.Verdict{Actions: 9600, Rows: 9600}
	for _, tc := range []struct {
		name  string
		r     result
		shows string
		code  int
	}{
		{"nothing is wrong", result{verdict: fine, requests: 300, perfect: 96, catchUp: 1500 * time.Millisecond, peak: 90 << 20}, "0 0 3.1 1.5 90 ok", 0},
		{"some lie in gaps", result{pair: gaps, verdict: &verdict.Verdict{Actions: 9, InGap: 7}}, "ok, 7 in gaps", 0},
		{"some lie in gaps where none may be", result{verdict: &verdict.Verdict{Actions: 9, InGap: 7}}, "FOUND", 3},
		{"the cloud showed nothing", result{verdict: &verdict.Verdict{}}, "FOUND", 3},
		{"the fault struck", result{pair: fails, verdict: fine, hits: 4}, "0 4 0.0", 0},
		{"the fault never struck", result{pair: fails, verdict: fine}, "FOUND", 3},
		{"the weather was fine", result{pair: weather, verdict: fine}, "FOUND", 3},
		{"an action is missing", result{verdict: &verdict.Verdict{Missing: 1}}, "FOUND", 3},
		{"a revision is extra", result{verdict: &verdict.Verdict{Extra: 1}}, "FOUND", 3},
		{"the chain is broken", result{verdict: &verdict.Verdict{Broken: 1}}, "FOUND", 3},
		{"something else is wrong", result{verdict: fine, problems: []string{"it did not stop"}}, "FOUND", 3},
		{"it could not be run", result{err: errors.New("no Kafka")}, "failed", 1},
		{"this machine lacks something", result{skipped: "needs root"}, "needs root", 1},
	} {
		if tc.r.pair == (pair{}) {
			tc.r.pair = p
		}
		if line := strings.Join(tc.r.cells(), " "); !strings.Contains(line, tc.shows) {
			t.Errorf("%s: %q does not show %q", tc.name, line, tc.shows)
		}
		var said strings.Builder
		if code := verdictOf(&said, []*result{&tc.r}, 1, "dir"); code != tc.code {
			t.Errorf("%s: exit %d, not %d", tc.name, code, tc.code)
		}
	}
	var said strings.Builder
	if code := verdictOf(&said, nil, 5, "dir"); code != 1 {
		t.Errorf("exit %d after no cell of five", code)
	}
	said.Reset()
	skipped := &result{pair: p, skipped: "needs root"}
	if verdictOf(&said, []*result{skipped, skipped}, 2, "dir"); !strings.HasSuffix(said.String(), "2 cells skipped: needs root\n") {
		t.Errorf("skipped cells are told as %q", said.String())
	}
}

func TestArgumentsAreShownWithoutFiles(t *testing.T) {
	t.Parallel()
	given := []string{"--markdown", "a/b.md", "--fault", "none", "--keep=c/d", "--jobs=1", "--markdown=e", "--keep", "f"}
	if got := strings.Join(shown(given), " "); got != "--fault none --jobs=1" {
		t.Errorf("shown as %q", got)
	}
}

func TestTableIsReplacedInPlace(t *testing.T) {
	t.Parallel()
	const page = "# Guarantees\n\nbefore\n\n" + beginMark + "\nold\n" + endMark + "\n\nafter\n"
	once := between(page, "new\n")
	if want := strings.Replace(page, "old", "new", 1); once != want {
		t.Errorf("got\n%s", once)
	}
	if twice := between(between("# Guarantees\n", "a\n"), "b\n"); twice != "# Guarantees\n\n"+beginMark+"\nb\n"+endMark+"\n" {
		t.Errorf("got\n%s", twice)
	}
	text := fragment([]string{"--fault", "none"}, []*result{{pair: pair{&scenarios[0], &faults[0]}, skipped: "needs root"}}, "services", time.Time{})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range lines[4:] {
		if strings.Count(line, "|") != len(header)+1 {
			t.Errorf("%q does not have %d columns", line, len(header))
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	all, err := (&options{}).plan()
	if err != nil || len(all) != len(scenarios)*len(faults) {
		t.Errorf("%d cells, %v", len(all), err)
	}
	short, err := (&options{Short: true}).plan()
	if err != nil || len(short) != len(telling) {
		t.Errorf("%d cells in the short form, %v", len(short), err)
	}
	for _, wrong := range []options{{Fault: []string{"sigkil"}}, {Scenario: []string{"plane"}}, {Short: true, Scenario: []string{"plain"}}} {
		if _, err := wrong.plan(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
	for _, s := range scenarios {
		if len(s.says) == 0 {
			t.Errorf("scenario %s says nothing", s.name)
		}
	}
}
