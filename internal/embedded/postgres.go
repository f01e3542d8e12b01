package embedded

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options are what a caller may choose about the embedded Postgres.
type Options struct {
	// Durable has commits reach the disk. Without it a crash of the machine,
	// not one of the process, may lose them: right for tests.
	Durable bool
	// MaxConnections is 300 where it is 0.
	MaxConnections int
	// Settings are further ones of postgresql.conf, as "name=value".
	Settings []string
	// Environment is added to that of the server's processes, as "NAME=value".
	Environment []string
}

// A PG is a running Postgres of one's own.
type PG struct {
	URL     string // of the superuser, database postgres
	Version string // as in "postgres (PostgreSQL) 17.5"

	process  *process
	remove   string // directory that goes with it
	binaries string
	dir      string
	port     int
	opts     Options
}

// Postgres makes a cluster under dir and starts it on a free port of 127.0.0.1,
// without a socket file. An empty dir stands for a temporary one that Stop
// removes; a dir that is given must not hold a cluster yet. The binaries are the
// newest ones of version 15 or more that the machine has, else they are fetched
// into the user's cache. Postgres refuses to run as root, so that root runs it
// as another user, who then owns dir and must be able to reach it.
func Postgres(ctx context.Context, dir string, opts Options) (*PG, error) {
	binaries, version, err := postgresBinaries(ctx)
	if err != nil {
		return nil, fmt.Errorf("find Postgres binaries: %w", err)
	}
	pg := &PG{Version: version, binaries: binaries, opts: opts}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "aslogd-postgres-"); err != nil {
			return nil, fmt.Errorf("make a directory for Postgres: %w", err)
		}
		pg.remove = dir
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a directory for Postgres: %w", err)
	}
	pg.dir = dir
	if err := pg.run(ctx); err != nil {
		pg.Stop()
		return nil, fmt.Errorf("start Postgres from %s: %w", binaries, err)
	}
	return pg, nil
}

func (pg *PG) run(ctx context.Context) error {
	dir := pg.dir
	attr, err := servant(dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	data, secret, password := filepath.Join(dir, "data"), filepath.Join(dir, "secret"), rand.Text()
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	if err := own(secret, attr); err != nil {
		return err
	}
	init := exec.CommandContext(ctx, filepath.Join(pg.binaries, "initdb"), "-D", data, "-U", "postgres",
		"-A", "scram-sha-256", "--pwfile", secret, "--encoding=UTF8", "--locale=C", "--no-sync")
	init.Dir, init.SysProcAttr = dir, attr
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	os.Remove(secret)

	// The port may be taken between its choice and its use.
	for try := 1; ; try++ {
		if pg.port, err = freePort(); err != nil {
			return err
		}
		pg.URL = fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", password, pg.port)
		err = pg.serve(ctx)
		if err == nil || try == 3 || ctx.Err() != nil {
			return err
		}
	}
}

func (pg *PG) serve(ctx context.Context) error {
	dir, connections := pg.dir, pg.opts.MaxConnections
	if connections == 0 {
		connections = 300
	}
	arguments := []string{"-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(pg.port)}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=",
		"max_connections=" + strconv.Itoa(connections),
		"timezone=UTC", "log_timezone=UTC",
	}, pg.opts.Settings...) {
		arguments = append(arguments, "-c", setting)
	}
	if !pg.opts.Durable {
		arguments = append(arguments, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	logPath := filepath.Join(dir, "postgres.log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log file: %w", err)
	}
	defer log.Close()
	attr, err := servant(dir)
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(pg.binaries, "postgres"), arguments...)
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = dir, attr, log, log
	cmd.Env = append(os.Environ(), pg.opts.Environment...)
	process, err := start(cmd, syscall.SIGQUIT)
	if err != nil {
		return err
	}
	err = process.answers(ctx, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, pg.URL)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		process.end(syscall.SIGQUIT)
		return fmt.Errorf("%w: %s", err, tail(logPath))
	}
	pg.process = process
	return nil
}

// Stop ends it, with whoever is still connected, and removes what Postgres made
// in a temporary directory. It may be called again.
func (pg *PG) Stop() error {
	if pg.process != nil {
		pg.process.end(syscall.SIGINT)
	}
	if pg.remove != "" {
		if err := os.RemoveAll(pg.remove); err != nil {
			return fmt.Errorf("remove the directory of Postgres: %w", err)
		}
	}
	return nil
}
