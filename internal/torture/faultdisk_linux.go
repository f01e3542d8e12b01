package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// mountSmallDisk mounts a file system in memory that Postgres has for itself.
func mountSmallDisk(dir string) (unmount func(), err error) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=800m,mode=755"); err != nil {
		return func() {}, fmt.Errorf("mount a small disk: %w", err)
	}
	return func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }, nil
}

// noSmallDisk says why there can be none.
func noSmallDisk() string {
	if os.Geteuid() != 0 {
		return "needs root"
	}
	dir, err := os.MkdirTemp("", "aslogd-mount-")
	if err != nil {
		return err.Error()
	}
	defer os.Remove(dir)
	unmount, err := mountSmallDisk(dir)
	if err != nil {
		return err.Error()
	}
	unmount()
	return ""
}

// postgresDiskFull leaves not a byte on the disk of Postgres for a few seconds.
// Statements fail then, and where the log cannot grow the server itself ends:
// the room comes back, and with it the server, where it did.
func postgresDiskFull(ctx context.Context, c *cell, window time.Duration) error {
	return rounds(ctx, window, func(int) error {
		c.progress(ctx)
		if err := fill(c.ground.ballast); err != nil {
			return err
		}
		sleep(ctx, 5*time.Second)
		_, err := c.number(ctx, "SELECT count(*) FROM (SELECT * FROM generate_series(1, 20000000) n ORDER BY n % 1000) s") // sorts on disk
		var told *pgconn.PgError
		switch {
		case err == nil:
			c.problem("the disk of Postgres was not full")
		case errors.As(err, &told) && told.Code == "53100", !c.ground.pg.Running():
			c.hit()
		}
		if err := os.Remove(c.ground.ballast); err != nil {
			return err
		}
		if !c.ground.pg.Running() {
			if err := c.restartPostgres(ctx); err != nil {
				return err
			}
		}
		sleep(ctx, 3*time.Second)
		return nil
	})
}

// fill takes all the room that there is.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	defer f.Close()
	chunk := make([]byte, 64<<10)
	for {
		if _, err := f.Write(chunk); err != nil {
			if len(chunk) == 1 {
				return nil
			}
			chunk = chunk[:len(chunk)/2]
		}
	}
}
