package main

import (
	"fmt"
	"slices"
)

// A pair is one cell of the table to be: what to run.
type pair struct {
	scenario *scenario
	fault    *fault
}

func (p pair) String() string { return p.scenario.name + " × " + p.fault.name }

// plan says which cells to run, fault by fault, so that those that need the
// same services follow each other.
func (o *options) plan() ([]pair, error) {
	all, names := scenarios, o.Fault
	if o.Short {
		all = []scenario{mixed}
		if len(names) == 0 {
			names = telling
		}
	}
	var cells []pair
	for f := range faults {
		for s := range all {
			wanted := func(asked []string, name string) bool { return len(asked) == 0 || slices.Contains(asked, name) }
			if wanted(names, faults[f].name) && wanted(o.Scenario, all[s].name) {
				cells = append(cells, pair{&all[s], &faults[f]})
			}
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(faults, func(f fault) bool { return f.name == name }) {
			return nil, fmt.Errorf("there is no fault %q: --list names them", name)
		}
	}
	for _, name := range o.Scenario {
		if !slices.ContainsFunc(all, func(s scenario) bool { return s.name == name }) {
			return nil, fmt.Errorf("there is no scenario %q: --list names them, and --short has mixed alone", name)
		}
	}
	return cells, nil
}
