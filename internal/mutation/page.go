package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"aslogd/internal/marked"
)

// writePage writes the laws' table and the mutations' list into a page, between
// the markers <!-- laws --> and <!-- mutations --> and their ends. tried says
// when all mutations were last run; without it the page keeps what it said.
func writePage(root, path, tried string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write the laws into the page: %w", err)
	}
	page := string(text)
	if tried == "" {
		tried = triedLine.FindString(page)
	}
	tests, err := lawTests(root)
	if err != nil {
		return err
	}
	if page, err = marked.Replace(page, "laws", lawsTable(tests)); err != nil {
		return err
	}
	if page, err = marked.Replace(page, "mutations", tried+"\n\n"+mutationsTable()); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		return fmt.Errorf("write the laws into the page: %w", err)
	}
	return nil
}

var triedLine = regexp.MustCompile("(?m)^`make mutations` on .*$")

// A lawTest is a test whose name says which law it shows.
type lawTest struct{ pkg, name string }

var lawTestName = regexp.MustCompile(`(?m)^func (TestLaw(\d\d)\w+)\(`)

// lawTests are the tests of each of the ten laws, by the law's number.
func lawTests(root string) (map[string][]lawTest, error) {
	found := map[string][]lawTest{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range lawTestName.FindAllStringSubmatch(string(text), -1) {
			key := strings.TrimLeft(m[2], "0")
			found[key] = append(found[key], lawTest{filepath.ToSlash(pkg), m[1]})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for the laws' tests: %w", err)
	}
	return found, nil
}

// lawsTable is law, promise, tests and mutations, as a page shows them.
func lawsTable(tests map[string][]lawTest) string {
	var b strings.Builder
	b.WriteString("| law | promise | tests | mutations |\n|---|---|---|---|\n")
	for _, l := range laws() {
		shown := tests[l.key]
		if len(shown) == 0 { // not one of the ten: the tests that its mutations name
			for _, m := range mutations() {
				for name := range strings.SplitSeq(m.test, "|") {
					if t := (lawTest{m.pkg, name}); m.law == l.key && !slices.Contains(shown, t) {
						shown = append(shown, t)
					}
				}
			}
		}
		slices.SortFunc(shown, func(a, b lawTest) int { return strings.Compare(a.pkg+" "+a.name, b.pkg+" "+b.name) })
		names, pkg := []string{}, ""
		for _, t := range shown {
			name := "`" + t.name + "`"
			if t.pkg != pkg {
				pkg = t.pkg
				name = "**" + pkg + "** " + name
			}
			names = append(names, name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s.1 to %s.%d |\n", l.key, l.promise, strings.Join(names, ", "), l.key, l.key, len(l.table))
	}
	return b.String()
}

// mutationsTable is what is changed, and which test must then fail.
func mutationsTable() string {
	var b strings.Builder
	b.WriteString("| | the changed code | where | the test that must fail |\n|---|---|---|---|\n")
	for _, m := range mutations() {
		fmt.Fprintf(&b, "| %s | %s | `%s` | `%s` |\n", m.id, m.breaks, m.file, strings.ReplaceAll(m.test, "|", "` or `"))
	}
	return b.String()
}
