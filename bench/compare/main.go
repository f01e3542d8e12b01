// Command compare says what the microbenchmarks of the working tree gain or lose
// against another revision:
//
//	go run ./internal/testenv/serve -- go run ./bench/compare -base HEAD~1
//
// That revision is checked out beside it, and removed in the end. Both are built
// before anything is measured; then each package is measured in turns, round by
// round, and who goes first changes, so that a machine that grows slower by the hour
// makes neither look better. What is left to chance, benchstat tells.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"

	"aslogd/bench/ground"
)

// Not in go.mod: it would bring what nothing else here needs.
const benchstat = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

type options struct {
	base        string
	rounds      int
	benchtime   string
	named, only string
}

func main() {
	var o options
	flag.StringVar(&o.base, "base", "", "revision to compare with")
	flag.IntVar(&o.rounds, "rounds", 6, "how often each is measured; below 6 benchstat finds little to say")
	flag.StringVar(&o.benchtime, "benchtime", "200ms", "for how long, or how often, a benchmark runs in a round")
	flag.StringVar(&o.named, "bench", ".", "benchmarks, as go test takes them")
	flag.StringVar(&o.only, "package", "", "one directory, instead of all that have benchmarks")
	flag.Parse()
	ground.Main("compare", 0, o.run)
}

func (o *options) run(ctx context.Context) error {
	if o.base == "" {
		return errors.New("which revision to compare with? -base says it")
	}
	root, err := output(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	return o.compare(ctx, root, stat)
}

// compare measures both, and shows the results to judge.
func (o *options) compare(ctx context.Context, root string, judge func(context.Context, ...*side) error) (err error) {
	temporary, err := os.MkdirTemp("", "compare")
	if err != nil {
		return fmt.Errorf("make room for the other revision: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	base, tree, err := o.sides(ctx, root, temporary)
	if base != nil {
		defer func() { err = errors.Join(err, base.leave(context.WithoutCancel(ctx), root)) }()
	}
	if err != nil {
		return err
	}
	if err := o.measure(ctx, base, tree); err != nil {
		return err
	}
	return judge(ctx, base, tree)
}

// stat prints what benchstat says of the results.
func stat(ctx context.Context, sides ...*side) error {
	arguments := []string{"run", benchstat}
	for _, s := range sides {
		arguments = append(arguments, s.name+"="+s.results)
	}
	cmd := exec.CommandContext(ctx, "go", arguments...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("compare the results: %w", err)
	}
	return nil
}

// measure has the two take turns.
func (o *options) measure(ctx context.Context, base, tree *side) error {
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d …\n", round+1, o.rounds)
		turns := []*side{base, tree}
		if round%2 == 1 {
			turns = []*side{tree, base}
		}
		for _, directory := range tree.directories {
			for _, s := range turns {
				if err := s.bench(ctx, o, directory); err != nil {
					return fmt.Errorf("measure %s of %s: %w", directory, s.name, err)
				}
			}
		}
	}
	return nil
}
