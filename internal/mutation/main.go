// Command mutation breaks the code on purpose, one small change at a time, and
// watches the tests: each change must make the test fail that is said to show
// the law which the change breaks. A change that no test notices is a survivor:
// a test is missing.
//
//	go run ./internal/mutation                # all of them, some minutes
//	go run ./internal/mutation --law 5        # those of one law
//	go run ./internal/mutation --list         # say what there is, run nothing
//
// The tree is never touched: go build reads the changed file in the place of
// the real one (-overlay).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// exitFound is what the command ends with when there is a survivor.
const exitFound = 3

type flags struct {
	Law      []string `help:"Only these laws: 1 to 10, topic or form." sep:","`
	Only     []string `help:"Only these mutations, by their id, such as 5.2." sep:","`
	List     bool     `help:"Say what there is, and run nothing."`
	Jobs     int      `help:"Mutations at the same time." default:"2"`
	Markdown string   `help:"Write the laws' table and the mutations' list into this file, between their markers." placeholder:"FILE"`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Description("Breaks the code on purpose and says which test notices; exits 3 when none does."))
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	code, err := run(ctx, f)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
	}
	cancel()
	os.Exit(code)
}

func run(ctx context.Context, f flags) (code int, err error) {
	root, err := findRoot()
	if err != nil {
		return 1, err
	}
	chosen, err := choose(f)
	if err != nil {
		return 2, err
	}
	if err := checkAll(root, chosen); err != nil {
		return 1, err
	}
	tried := ""
	if f.List {
		list(os.Stdout, chosen)
	} else {
		began := time.Now()
		t := newTable(os.Stdout, chosen)
		results := newRunner(root, f.Jobs, t).all(ctx, chosen)
		if ctx.Err() != nil {
			return 1, errors.New("interrupted")
		}
		if !t.sum(results, time.Since(began)) {
			return exitFound, nil
		}
		tried = fmt.Sprintf("`make mutations` on %s: each of the %d was noticed.", time.Now().UTC().Format(time.DateOnly), len(chosen))
	}
	if f.Markdown == "" {
		return 0, nil
	}
	if len(f.Law)+len(f.Only) > 0 {
		return 2, errors.New("--markdown takes all mutations, not some")
	}
	if err := writePage(root, f.Markdown, tried); err != nil {
		return 1, err
	}
	return 0, nil
}

// choose is the mutations that the flags ask for.
func choose(f flags) ([]mutation, error) {
	var chosen []mutation
	for _, m := range mutations() {
		if (len(f.Law) == 0 || slices.Contains(f.Law, m.law)) && (len(f.Only) == 0 || slices.Contains(f.Only, m.id)) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no mutation of law %s", strings.Join(append(f.Law, f.Only...), ", "))
	}
	return chosen, nil
}
