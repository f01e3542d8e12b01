package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// binaries are the daemons to run: as it is, and with a clock to turn.
type binaries struct{ plain, turnable executable }

// An executable is a file and its SHA-256.
type executable struct{ path, sum string }

// build makes what the cells need.
func build(ctx context.Context, dir string, cells []pair) (b binaries, err error) {
	if b.plain, err = goBuild(ctx, filepath.Join(dir, "aslogd")); err != nil {
		return b, err
	}
	if !slices.ContainsFunc(cells, func(p pair) bool { return p.fault.turnable }) {
		return b, nil
	}
	overlay, err := turnableTime(ctx, dir)
	if err != nil {
		return b, fmt.Errorf("make a clock that can be turned: %w", err)
	}
	b.turnable, err = goBuild(ctx, filepath.Join(dir, "aslogd-turnable"), "-overlay", overlay)
	return b, err
}

// goBuild makes a daemon that depends on nothing but its code: two of the same
// code are the same, wherever they were built.
func goBuild(ctx context.Context, to string, flags ...string) (executable, error) {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-trimpath", "-buildvcs=false", "-o", to}, flags...), "aslogd/cmd/aslogd")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return executable{}, fmt.Errorf("go build: %w\n%s", err, out)
	}
	hash, err := sum(to)
	return executable{to, hash}, err
}
