package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// most is the memory that a mutated test may take: a loop without an end would
// take the machine's, and other tests with it.
const most = 3 << 30

// softly is what it is to keep below by collecting more often.
const softly = "GOMEMLIMIT=2GiB"

var errMemory = errors.New("it took more than its limit")

// runWithin runs a command and whatever it starts in its process group, and
// ends all of it when it takes more memory than limit.
func runWithin(ctx context.Context, cmd *exec.Cmd, limit int64) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	killAll := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = killAll
	if err := cmd.Start(); err != nil {
		return err
	}
	watched, stop := context.WithCancel(ctx)
	tooMuch := make(chan bool, 1)
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-watched.Done():
				tooMuch <- false
				return
			case <-tick.C:
				if resident(cmd.Process.Pid) > limit {
					_ = killAll() // gone already is as good
					tooMuch <- true
					return
				}
			}
		}
	}()
	err := cmd.Wait()
	stop()
	if <-tooMuch {
		return fmt.Errorf("%w of %d MiB", errMemory, limit>>20)
	}
	return err
}

// resident is the memory of a process group, in bytes, as Linux tells it; 0
// elsewhere.
func resident(group int) (bytes int64) {
	processes, _ := filepath.Glob("/proc/[0-9]*/stat") // none: no Linux
	for _, path := range processes {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		// The name of the program comes second, in brackets, with any text in it.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) < 22 || fields[2] != strconv.Itoa(group) {
			continue
		}
		pages, err := strconv.ParseInt(fields[21], 10, 64)
		if err == nil {
			bytes += pages * int64(os.Getpagesize())
		}
	}
	return bytes
}
