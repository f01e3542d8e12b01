package ground

import (
	"context"
	"fmt"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// A Process is a process that a measurement started.
type Process struct {
	cmd  *exec.Cmd
	URL  string // where it listens, if it does
	done chan struct{}
	peak atomic.Int64
}

// Launch starts a command, whatever it is, and watches its memory.
func Launch(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %v: %w", cmd.Args, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended is read off its state
		close(p.done)
	}()
	go func() {
		for {
			p.look()
			select {
			case <-time.After(100 * time.Millisecond):
			case <-p.done:
				return
			}
		}
	}()
	return p, nil
}

// Wait waits until it ends by itself; its failure is an error.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		p.Stop()
		return fmt.Errorf("wait for the end of %v: %w", p.cmd.Args, ctx.Err())
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%v failed: %s", p.cmd.Args, p.cmd.ProcessState)
	}
	return nil
}

// Stop ends it in peace.
func (p *Process) Stop() {
	p.look()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-p.done
}

// Kill ends it as a crash would, and gives the moment.
func (p *Process) Kill() time.Time {
	at := time.Now()
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
	return at
}

// look notes the most memory that it had. What the kernel tells of a child that
// has ended would not do: it begins with what its parent had.
func (p *Process) look() {
	self, err := procfs.NewProc(p.cmd.Process.Pid)
	if err != nil {
		return
	}
	if status, err := self.NewStatus(); err == nil && int64(status.VmHWM) > p.peak.Load() {
		p.peak.Store(int64(status.VmHWM))
	}
}

// Ended is closed when it has ended.
func (p *Process) Ended() <-chan struct{} { return p.done }

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// CPU is what it took; it has to have ended.
func (p *Process) CPU() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Memory is what it has resident now, and had at most, in bytes.
func (p *Process) Memory() (now, most int64, err error) {
	self, err := procfs.NewProc(p.cmd.Process.Pid)
	if err != nil {
		return 0, 0, fmt.Errorf("read the memory of a process: %w", err)
	}
	status, err := self.NewStatus()
	if err != nil {
		return 0, 0, fmt.Errorf("read the memory of a process: %w", err)
	}
	return int64(status.VmRSS), int64(status.VmHWM), nil
}

// Peak is the most memory that it had resident, in bytes.
func (p *Process) Peak() int64 { return p.peak.Load() }
