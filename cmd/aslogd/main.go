// Command aslogd records every scaling action of a cloud's Auto Scaling groups
// in Postgres and in Kafka, each once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The ways a command ends.
const (
	exitDone   = 0
	exitFailed = 1 // it did not do what it was asked to
	exitUsage  = 2 // the command line or the settings are wrong; nothing was started
	exitFound  = 3 // it worked, and found something wrong
)

// commands is the command line, one field a command, each in its own file.
type commands struct {
	Run         runCmd         `cmd:"" help:"Run the daemon."`
	Migrate     migrateCmd     `cmd:"" help:"Create or upgrade the schema, the shards and the topics."`
	Status      statusCmd      `cmd:"" help:"Show how far everything is, from Postgres."`
	Backfill    backfillCmd    `cmd:"" help:"Ask for a span to be read again."`
	Reconcile   reconcileCmd   `cmd:"" help:"Compare what is stored with what the API shows."`
	Replay      replayCmd      `cmd:"" help:"Publish revisions of the journal again, to a topic of your own."`
	Recover     recoverCmd     `cmd:"" help:"Bring back what the topic holds and a restored Postgres lacks."`
	Simulate    simulateCmd    `cmd:"" help:"Serve a faithful stand-in for the AS API, with made data."`
	Demo        demoCmd        `cmd:"" help:"Run everything at once on this machine, with made data."`
	Config      configCmd      `cmd:"" help:"Show the effective settings, secrets masked."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask the local daemon whether it is ready."`
	Version     versionCmd     `cmd:"" help:"Show version, commit and Go version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: tests and the demo call it. The end of ctx is the
// signal to stop.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) (code int) {
	// Kong leaves through Exit after --help; a panic of our own takes it here.
	type exit int
	defer func() {
		if e := recover(); e != nil {
			status, ours := e.(exit)
			if !ours {
				panic(e)
			}
			code = int(status)
		}
	}()
	parser, err := kong.New(&commands{},
		kong.Name("aslogd"),
		kong.Description("Records every scaling action of Auto Scaling groups in Postgres and in Kafka, each once.\n\nSettings come from the environment (ASLOGD_…); `aslogd config` shows them."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(status int) { panic(exit(status)) }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(stdout, (*io.Writer)(nil)),
		kong.Bind(newEnv(environ), streams{stdout, stderr}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "aslogd:", err)
		return exitFailed
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "aslogd: %v\nTry `aslogd --help`.\n", err)
		return exitUsage
	}
	return report(command.Run(), stderr)
}

// streams are both outputs, for a command that needs stderr too.
type streams struct{ out, err io.Writer }

// report prints why a command failed, and says how the process ends.
func report(err error, stderr io.Writer) int {
	var faults Faults
	var usage usageError
	var found foundError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &faults):
		fmt.Fprintf(stderr, "aslogd: the settings are wrong in %s:\n", count(len(faults), "place", "places"))
		for _, fault := range faults {
			fmt.Fprintf(stderr, "  %s: %s\n", fault.Variable, fault.Problem)
		}
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "aslogd:", err)
		return exitUsage
	case errors.As(err, &found):
		fmt.Fprintln(stderr, "aslogd:", err)
		return exitFound
	}
	fmt.Fprintln(stderr, "aslogd:", err)
	return exitFailed
}

// A usageError is a setting that turned out wrong only against the world.
type usageError string

func (e usageError) Error() string { return string(e) }

// A foundError is what a command that worked found wrong.
type foundError string

func (e foundError) Error() string { return string(e) }

func newEnv(environ []string) Env {
	e := Env{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok {
			e[name] = value
		}
	}
	return e
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
