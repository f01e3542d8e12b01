package main

import (
	"slices"
	"strings"
)

// A Fault is one thing that is wrong with the settings.
type Fault struct {
	Variable string
	Problem  string
	part     string // what it is for: database, kafka, shards, sources, daemon, http, archive, names
}

// Faults is everything that is wrong, so that it can be mended in one go.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Variable + ": " + fault.Problem
	}
	return strings.Join(lines, "\n")
}

// among keeps the faults of the parts that a command needs, each once.
func (f Faults) among(parts []string) Faults {
	var kept Faults
	for _, fault := range f {
		if slices.Contains(parts, fault.part) && !slices.Contains(kept, fault) {
			kept = append(kept, fault)
		}
	}
	return kept
}

// suggest names the variable that a misspelt one most likely stands for, or
// nothing where none is near.
func suggest(name string, known []string) string {
	best, distance := "", len(name)/3+1
	for _, candidate := range known {
		if d := editDistance(name, candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete or replace (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, corner+cost)
		}
	}
	return row[len(b)]
}
