// Command serve starts Postgres and Kafka for tests, runs a command that finds
// them in its environment, and stops them after it:
//
//	go run ./internal/testenv/serve -- go test ./...
//
// Without it each package's tests start their own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"aslogd/internal/testenv"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(arguments []string) int {
	if len(arguments) > 0 && arguments[0] == "--" {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 {
		fmt.Fprintln(os.Stderr, "usage: serve -- COMMAND [ARGUMENT…]")
		return 2
	}
	// An interrupt reaches the command by itself, from the terminal; here it
	// only must not cut off the stopping.
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	defer testenv.Stop()
	environment, err := testenv.Start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		return 1
	}
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Env = append(os.Environ(), environment...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = command.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, "serve:", err)
		return 1
	}
	return 0
}
