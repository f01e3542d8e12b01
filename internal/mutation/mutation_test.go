package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A law that no test shows is a wish.
func TestEachLawHasATestNamedAfterIt(t *testing.T) {
	t.Parallel()
	tests, err := lawTests(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range laws()[:10] {
		if len(tests[l.key]) < 2 {
			t.Errorf("law %s (%s) has %d tests named after it", l.key, l.promise, len(tests[l.key]))
		}
		delete(tests, l.key)
	}
	for number, left := range tests {
		t.Errorf("there is no law %s, after which %s is named", number, left[0].name)
	}
}

// The list cannot rot: each old text stands in its file once, each pattern
// names a test of its package.
func TestEachMutationFitsTheCode(t *testing.T) {
	t.Parallel()
	dir := root(t)
	if err := checkAll(dir, mutations()); err != nil {
		t.Error(err)
	}
	names := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, m := range mutations() {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(m.pkg), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		pattern, found := regexp.MustCompile(m.test), false
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names.FindAllStringSubmatch(string(text), -1) {
				found = found || pattern.MatchString(name[1])
			}
		}
		if !found {
			t.Errorf("mutation %s: no test of %s is named %s", m.id, m.pkg, m.test)
		}
		if m.breaks == "" || strings.Contains(m.breaks, "|") {
			t.Errorf("mutation %s says %q", m.id, m.breaks)
		}
	}
}

func TestEachLawHasThreeMutations(t *testing.T) {
	t.Parallel()
	for _, l := range laws() {
		if len(l.table) < 3 {
			t.Errorf("law %s has %d mutations", l.key, len(l.table))
		}
	}
}

// What the page says of laws, tests and mutations is what there is.
func TestThePageIsUpToDate(t *testing.T) {
	t.Parallel()
	dir := root(t)
	text, err := os.ReadFile(filepath.Join(dir, "docs", "guarantees.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := lawTests(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{lawsTable(tests), mutationsTable()} {
		for line := range strings.SplitSeq(strings.TrimSpace(table), "\n") {
			if !strings.Contains(string(text), line+"\n") {
				t.Errorf("docs/guarantees.md lacks this; run go run ./internal/mutation --list --markdown docs/guarantees.md:\n%s", line)
			}
		}
	}
}
