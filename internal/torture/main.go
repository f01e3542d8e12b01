// Command torture runs the daemon through every fault in every scenario, on a
// real Postgres and a real Kafka, and holds what it stored and published against
// what the simulated cloud showed:
//
//	go run ./internal/torture --scenario plain,odd --fault sigkill
//
// Each cell is a backlog and then live actions, with the fault acting during
// both; then the fault mends, live actions cease, the daemon catches up, and all
// is judged. It exits with 3 when a cell is not zero everywhere or its fault never
// struck, and with 1 when cells could not be run or this machine lacks what they
// need.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

type options struct {
	Short    bool     `help:"Run the handful of cells that CI runs, each for a shorter time."`
	Scenario []string `help:"Scenarios to run; all by default. Repeat it or use commas."`
	Fault    []string `help:"Faults to run; all by default. Repeat it or use commas."`
	Jobs     int      `default:"2" help:"Cells that run at once, each job on services of its own."`
	Seed     uint64   `default:"1" help:"What the worlds and the moments of faults follow from."`
	Markdown string   `help:"File that the table is written into, between two markers." placeholder:"FILE"`
	Keep     string   `help:"File that good cells are written to, and taken from when daemon, seed and form are the same." placeholder:"FILE"`
	List     bool     `help:"Say what scenarios and faults there are, and run nothing."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("torture"), kong.Description("Runs the daemon through every fault in every scenario and judges what it kept."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := o.run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func (o *options) run(ctx context.Context, out io.Writer) (code int, err error) {
	if o.List {
		list(out)
		return 0, nil
	}
	cells, err := o.plan()
	if err != nil {
		return 2, err
	}
	dir, err := os.MkdirTemp("", "aslogd-torture-")
	if err != nil {
		return 1, fmt.Errorf("make a directory for logs: %w", err)
	}
	// Postgres, as another user than root, has its own directories in there.
	if err := os.Chmod(dir, 0o755); err != nil {
		return 1, err
	}
	fmt.Fprintf(out, "%d cells, %d at once, seed %d; building the daemon …\n", len(cells), o.Jobs, o.Seed)
	binaries, err := build(ctx, dir, cells)
	if err != nil {
		return 1, err
	}
	kept, err := openKeep(o.Keep)
	if err != nil {
		return 1, err
	}
	began := time.Now()
	r := &runner{keep: kept, out: out, dir: dir, binaries: binaries, short: o.Short, seed: o.Seed, jobs: max(1, o.Jobs), running: map[string]time.Time{}}
	results := r.run(ctx, cells)
	fmt.Fprintf(out, "\n%s\n%d of %d cells in %s\n", table(results), len(results), len(cells), time.Since(began).Round(time.Second))
	if o.Markdown != "" {
		if err := writeMarkdown(o.Markdown, os.Args[1:], results, r.versions, time.Now()); err != nil {
			return 1, err
		}
	}
	code = verdictOf(out, results, len(cells), dir)
	if code == 0 {
		return 0, os.RemoveAll(dir)
	}
	return code, nil
}

// list says what there is.
func list(out io.Writer) {
	fmt.Fprintln(out, "scenarios:")
	for _, s := range scenarios {
		fmt.Fprintf(out, "  %-22s %s\n", s.name, s.says)
	}
	fmt.Fprintln(out, "faults:")
	for _, f := range faults {
		fmt.Fprintf(out, "  %-22s %s\n", f.name, f.says)
	}
}
