package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// jump is a file of package time that moves its clock. It is no part of any
// program but the one that is built with it.
//
//go:embed jump.go.txt
var jump []byte

// clockVariable names the file with the seconds that are added to the clock.
const clockVariable = "TORTURE_CLOCK"

// turnableTime makes an overlay for `go build` under which time.Now adds the
// seconds that a file says. Monotonic time stays as it is, as it does where a
// real clock jumps. So the daemon's code needs no hook for it.
func turnableTime(ctx context.Context, dir string) (overlay string, err error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("ask for GOROOT: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(out)), "src", "time")
	text, err := os.ReadFile(filepath.Join(source, "time.go"))
	if err != nil {
		return "", fmt.Errorf("read package time: %w", err)
	}
	// The linkname goes with the function that other packages mean by it.
	const now = "func Now() Time {"
	if strings.Count(string(text), "\n"+now) != 1 {
		return "", fmt.Errorf("%s does not have one line %q", source, now)
	}
	files := map[string][]byte{
		"time.go": []byte(strings.Replace(string(text), now, "func steadyNow() Time {", 1)),
		"jump.go": jump,
	}
	replaced := map[string]string{}
	for name, content := range files {
		path := filepath.Join(dir, "overlay-"+name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return "", fmt.Errorf("write the overlay: %w", err)
		}
		replaced[filepath.Join(source, name)] = path
	}
	plan, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, plan, 0o644)
}
