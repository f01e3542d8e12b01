package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A mutation is one small change that breaks a law, and the test that must
// then fail.
type mutation struct {
	id     string // the law and a number: 5.2; given by mutations
	law    string
	breaks string // what the changed code does
	file   string // from the module's root, with slashes
	old    string // stands in the file exactly once
	new    string
	pkg    string // of the test, from the module's root
	test   string // a pattern for go test -run
}

// A law is what the mutations of one table break.
type law struct {
	key     string
	promise string
	table   []mutation
}

// laws are in the order in which people read them. The first ten have a test
// each whose name begins with TestLaw01 to TestLaw10.
func laws() []law {
	return []law{
		{"1", "One commit: journal rows, table rows and coverage change in one transaction, or none does", oneCommit},
		{"2", "Proof before progress: a span is covered only when what is stored was proved to be all that the API showed", proof},
		{"3", "Reading again is harmless: what is stored already makes no row and no event", readingAgain},
		{"4", "A stale owner can hurt nothing: the epoch guards every write, no clock does", staleOwner},
		{"5", "The topic mirrors the journal: each row once, in order, never another row's content", mirror},
		{"6", "A late answer never undoes a later one", lateAnswer},
		{"7", "Weather delays one source, a bad record is one bad record: neither reaches another group", weather},
		{"8", "The shutdown path is the crash path: nothing kept in memory matters", crashPath},
		{"9", "Memory is bounded by MEMORY_LIMIT, not by the history, the groups or an answer's size", memory},
		{"10", "Every request can say why it was worth a second of the tenant's budget", requests},
		{"topic", "The topics' form: keys, headers, values and their places", topic},
		{"form", "The normal form: what is the same record, and what is kept of an odd one", form},
	}
}

// mutations are all of them, with their ids.
func mutations() (all []mutation) {
	for _, l := range laws() {
		for i, m := range l.table {
			m.law, m.id = l.key, fmt.Sprintf("%s.%d", l.key, i+1)
			all = append(all, m)
		}
	}
	return all
}

// mutated is the text of the file with the change in it.
func (m mutation) mutated(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.file)))
	if err != nil {
		return nil, fmt.Errorf("mutation %s: %w", m.id, err)
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return nil, fmt.Errorf("mutation %s: its old text stands %d times in %s, not once:\n%s", m.id, n, m.file, m.old)
	}
	return []byte(strings.Replace(string(text), m.old, m.new, 1)), nil
}

// checkAll makes sure that each mutation still fits the code.
func checkAll(root string, all []mutation) error {
	var errs []error
	for _, m := range all {
		_, err := m.mutated(root)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// findRoot is the module's directory, at or above the working one.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above")
		}
	}
}
