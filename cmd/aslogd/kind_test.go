package main

import (
	"os"
	"strings"
	"testing"

	"aslogd/history"
	"aslogd/sink"
)

// Whatever stops a shard has words of its own for what to do, and a row in the
// table of docs/operations.md.
func TestEachKindOfStopHasWordsAndARow(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range sink.Kinds {
		trouble := history.Stands(3, string(kind), "why")
		if string(trouble.Cause) != string(kind) || trouble.Next == "" {
			t.Errorf("%s: no words for it: %+v", kind, trouble)
		}
		row := false
		for line := range strings.Lines(string(page)) {
			row = row || strings.HasPrefix(line, "| ") && strings.Contains(line, "`"+string(kind)+"`")
		}
		if !row {
			t.Errorf("docs/operations.md has no row for %s", kind)
		}
	}
}
