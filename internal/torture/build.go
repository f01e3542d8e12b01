package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// binaries are the daemons to run: as it is, and with a clock to turn.
type binaries struct{ plain, turnable string }

// build makes what the cells need.
func build(ctx context.Context, dir string, cells []pair) (b binaries, err error) {
	b.plain = filepath.Join(dir, "aslogd")
	if err := goBuild(ctx, b.plain); err != nil {
		return b, err
	}
	if !slices.ContainsFunc(cells, func(p pair) bool { return p.fault.turnable }) {
		return b, nil
	}
	overlay, err := turnableTime(ctx, dir)
	if err != nil {
		return b, fmt.Errorf("make a clock that can be turned: %w", err)
	}
	b.turnable = filepath.Join(dir, "aslogd-turnable")
	return b, goBuild(ctx, b.turnable, "-overlay", overlay)
}

func goBuild(ctx context.Context, to string, flags ...string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", to}, flags...), "aslogd/cmd/aslogd")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
