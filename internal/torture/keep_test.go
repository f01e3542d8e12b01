package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"aslogd/internal/verdict"
)

// A good cell is taken from the file when all it followed from is the same, and
// run again otherwise.
func TestGoodCellsAreKept(t *testing.T) {
	t.Parallel()
	p := pair{&scenario{name: "plain"}, &fault{name: "sigkill", act: sigkill}}
	of := conditions{Scenario: "plain", Fault: "sigkill", Binary: "aa", Seed: 1}
	good := result{pair: p, verdict: &verdict.Verdict{Actions: 9600}, hits: 3, requests: 300, perfect: 96, catchUp: time.Second, took: time.Minute, peak: 5 << 20}
	bad, idle, skipped, kept := good, good, good, good
	bad.problems = []string{"it did not stop"}
	idle.hits = 0
	skipped.skipped, skipped.verdict = "needs root", nil
	kept.kept = true
	for _, tc := range []struct {
		name   string
		was    result
		before string // what the file holds already
		asked  func(*conditions)
		found  bool
	}{
		{"the same", good, "", func(*conditions) {}, true},
		{"after a line that was cut off", good, `{"of":{"scen`, func(*conditions) {}, true},
		{"another daemon", good, "", func(c *conditions) { c.Binary = "bb" }, false},
		{"another seed", good, "", func(c *conditions) { c.Seed = 2 }, false},
		{"the short form", good, "", func(c *conditions) { c.Short = true }, false},
		{"another scenario", good, "", func(c *conditions) { c.Scenario = "odd" }, false},
		{"another fault", good, "", func(c *conditions) { c.Fault = "sigstop" }, false},
		{"something was wrong", bad, "", func(*conditions) {}, false},
		{"the fault never struck", idle, "", func(*conditions) {}, false},
		{"it was skipped", skipped, "", func(*conditions) {}, false},
		{"it was taken from a file", kept, "", func(*conditions) {}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "kept")
			if tc.before != "" {
				if err := os.WriteFile(file, []byte(tc.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			k, err := openKeep(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.add(&tc.was, of, "services"); err != nil {
				t.Fatal(err)
			}
			if k, err = openKeep(file); err != nil {
				t.Fatal(err)
			}
			asked := of
			tc.asked(&asked)
			got, services := k.find(p, asked)
			if (got != nil) != tc.found {
				t.Fatalf("found %v", got)
			}
			if !tc.found {
				return
			}
			want := good
			want.kept = true
			if got.line() != want.line() || got.took != want.took || services != "services" {
				t.Errorf("got\n%s\nwant\n%s\nservices %q", got.line(), want.line(), services)
			}
		})
	}
}

// What was good when a fault need not strike is not good for ever.
func TestKeptCellsAreHeldAgainstTodaysRules(t *testing.T) {
	t.Parallel()
	p := pair{&scenario{name: "plain"}, &fault{name: "sigkill", act: sigkill}}
	of := conditions{Scenario: "plain", Fault: "sigkill"}
	k := &keep{cells: map[conditions]keeping{of: {Of: of, Verdict: &verdict.Verdict{Actions: 9600}}}}
	if got, _ := k.find(p, of); got != nil {
		t.Errorf("found %s", got.line())
	}
}

func TestNothingIsKeptWithoutAFile(t *testing.T) {
	t.Parallel()
	k, err := openKeep("")
	if err != nil {
		t.Fatal(err)
	}
	r := &result{pair: pair{&scenario{name: "plain"}, &fault{name: "none"}}, verdict: &verdict.Verdict{Actions: 1}}
	if err := k.add(r, conditions{}, ""); err != nil {
		t.Error(err)
	}
}
