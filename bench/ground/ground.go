// Package ground is what measurements stand on: Postgres and Kafka that are
// there already, databases of one's own on them, the simulated cloud and the
// daemon as processes, and what each of them costs.
package ground

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Ground holds what measurements share. Its services are those that
// internal/testenv/serve names in the environment.
type Ground struct {
	Kafka   string // host:port
	Dir     string // temporary
	Binary  string // the daemon, built for this run
	Meter   *Meter
	server  string // Postgres, as one who may create databases
	started time.Time
	number  int
}

// New builds the daemon and finds the services' processes.
func New(ctx context.Context, tags ...string) (*Ground, error) {
	g := &Ground{server: os.Getenv("ASLOGD_TEST_DATABASE_URL"), Kafka: os.Getenv("ASLOGD_TEST_KAFKA"), started: time.Now()}
	if g.server == "" || g.Kafka == "" {
		return nil, errors.New("no services: run it under go run ./internal/testenv/serve --")
	}
	var err error
	if g.Dir, err = os.MkdirTemp("", "aslogd-bench-"); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	g.Binary = filepath.Join(g.Dir, "aslogd")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", g.Binary)
	for _, tag := range tags {
		build.Args = append(build.Args, "-tags", tag)
	}
	build.Args = append(build.Args, "./cmd/aslogd")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("build the daemon: %w\n%s", err, out), os.RemoveAll(g.Dir))
	}
	if g.Meter, err = newMeter(ctx, g.server, g.Kafka); err != nil {
		return nil, errors.Join(err, os.RemoveAll(g.Dir))
	}
	return g, nil
}

// Close removes what it made beside the services.
func (g *Ground) Close() { _ = os.RemoveAll(g.Dir) }

// Machine names what a measurement ran on, for people.
func (g *Ground) Machine(ctx context.Context) string {
	postgres := "Postgres"
	if db, err := pgx.Connect(ctx, g.server); err == nil {
		var version string
		if db.QueryRow(ctx, "SHOW server_version").Scan(&version) == nil {
			postgres += " " + version
		}
		_ = db.Close(ctx)
	}
	return fmt.Sprintf("%s, %d cores (%s/%s), %s, %s", g.started.UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), postgres)
}
