package main

import (
	"errors"
	"os/exec"
	"testing"
)

// A command that takes more and more is ended, with what it started.
func TestMemoryIsLimited(t *testing.T) {
	t.Parallel()
	hungry := exec.CommandContext(t.Context(), "sh", "-c", `sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; sleep 0.05; done' & wait`)
	if err := runWithin(t.Context(), hungry, 64<<20); !errors.Is(err, errMemory) {
		t.Errorf("it ended with %v", err)
	}
	modest := exec.CommandContext(t.Context(), "sh", "-c", "sleep 0.5")
	if err := runWithin(t.Context(), modest, 64<<20); err != nil {
		t.Errorf("what takes little ended with %v", err)
	}
	if err := runWithin(t.Context(), exec.CommandContext(t.Context(), "false"), 64<<20); err == nil || errors.Is(err, errMemory) {
		t.Errorf("a failure is told as %v", err)
	}
}
