package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A daemon is one process of aslogd.
type daemon struct {
	name    string // its INSTANCE
	log     string // the file it writes to
	replica int    // which proxy it has to Postgres
	cmd     *exec.Cmd
	exited  chan struct{}
	paused  time.Time // when it was last stopped
	meant   bool      // it was killed or stopped by the fault itself

	mu   sync.Mutex
	peak int64 // bytes
}

// spawn starts one that dies with this process.
func spawn(binary, dir, name string, replica int, environ []string) (*daemon, error) {
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(binary, "run")
	cmd.Env, cmd.Stdout, cmd.Stderr = environ, log, log
	d := &daemon{name: name, log: log.Name(), replica: replica, cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel means the thread when it ends a child with its parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd.SysProcAttr = dieWithParent()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it went is in ProcessState
			close(d.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	return d, nil
}

// kill ends it at whatever instruction it is.
func (d *daemon) kill() {
	d.measure()
	d.meant = true
	_ = d.cmd.Process.Kill() // gone already is as good
	<-d.exited
}

// pause stops it as a machine that hangs would; wake lets it go on.
func (d *daemon) pause() error {
	d.paused = time.Now()
	return d.cmd.Process.Signal(syscall.SIGSTOP)
}

func (d *daemon) wake() error { return d.cmd.Process.Signal(syscall.SIGCONT) }

// end asks it to stop, in good order, and says how that went.
func (d *daemon) end(within time.Duration) error {
	d.measure()
	d.meant = true
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("%s ended by itself: %s", d.name, d.cmd.ProcessState)
	}
	select {
	case <-d.exited:
	case <-time.After(within):
		d.kill()
		return fmt.Errorf("%s did not stop within %s", d.name, within)
	}
	if !d.cmd.ProcessState.Success() {
		return fmt.Errorf("%s was asked to stop, and ended with %s", d.name, d.cmd.ProcessState)
	}
	return nil
}

func (d *daemon) alive() bool {
	select {
	case <-d.exited:
		return false
	default:
		return true
	}
}

// measure reads the most memory that the process ever had.
func (d *daemon) measure() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.alive() { // the number may be another process's by now
		return d.peak
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		return d.peak
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			if kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64); err == nil {
				d.peak = max(d.peak, kb<<10)
			}
		}
	}
	return d.peak
}
