// Package embedded runs services as processes of its own, for the demo and for
// tests: a real Postgres, a Kafka broker within the process, and a real Kafka.
// Nothing of it is for production.
package embedded

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A process is a child that is ended with its parent as far as the system can.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once it has ended and was reaped
	stop   sync.Once
}

// start runs cmd. One goroutine starts it and waits for it, on a thread of its
// own: where the kernel ends a child with its parent, by the signal orphaned, it
// means the thread.
func start(cmd *exec.Cmd, orphaned syscall.Signal) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // an interrupt on the terminal is for us to pass on, in order
	dieWithParent(cmd.SysProcAttr, orphaned)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// end asks with signal, and after ten seconds no longer asks.
func (p *process) end(signal os.Signal) {
	p.stop.Do(func() {
		p.cmd.Process.Signal(signal)
		select {
		case <-p.exited:
		case <-time.After(10 * time.Second):
			p.cmd.Process.Kill()
			<-p.exited
		}
	})
}

// answers waits until try succeeds, the process ends, or ctx does.
func (p *process) answers(ctx context.Context, try func(context.Context) error) error {
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("it ended: %s", p.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// freePort finds a port that is free on 127.0.0.1 now. Another process may take
// it before it is used, so that callers try again.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// tail is the end of a log file, for an error.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-2000):])
}
