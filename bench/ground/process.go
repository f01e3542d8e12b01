package ground

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// A Process is a process that a measurement started.
type Process struct {
	cmd  *exec.Cmd
	URL  string // where it listens
	done chan struct{}
	peak int64
}

// start runs a command of the daemon's binary, and waits until path answers.
func (g *Ground) start(ctx context.Context, environ []string, url, path string, arguments ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, g.Binary, arguments...), URL: url, done: make(chan struct{})}
	var said bytes.Buffer
	p.cmd.Env, p.cmd.Stderr, p.cmd.Stdout = environ, os.Stderr, &said
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %v: %w", arguments, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is read off its state
		close(p.done)
	}()
	for {
		if answer, err := http.Get(url + path); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-p.done:
			return nil, fmt.Errorf("%v ended: %s", arguments, p.cmd.ProcessState)
		case <-ctx.Done():
			p.Stop()
			return nil, fmt.Errorf("wait for %v: %w", arguments, ctx.Err())
		}
	}
}

// Stop ends it in peace.
func (p *Process) Stop() {
	p.look()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-p.done
}

// Kill ends it as a crash would, and gives the moment.
func (p *Process) Kill() time.Time {
	p.look()
	at := time.Now()
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
	return at
}

// look notes the most memory that it had. What the kernel tells of a child that
// has ended would not do: it begins with what its parent had.
func (p *Process) look() {
	if self, err := procfs.NewProc(p.cmd.Process.Pid); err == nil {
		if status, err := self.NewStatus(); err == nil {
			p.peak = max(p.peak, int64(status.VmHWM))
		}
	}
}

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

// Peak is the most memory that it had resident until it was ended, in bytes.
func (p *Process) Peak() int64 { return p.peak }

// A Cloud is a simulated cloud with made history.
type Cloud struct {
	*Process
	Project string
	Groups  int
	Actions int // of each group
}

// Cloud starts one. More are further flags of aslogd simulate.
func (g *Ground) Cloud(ctx context.Context, groups, actions int, more ...string) (*Cloud, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	arguments := append([]string{"simulate", "--addr", address, "--project", "bench", "--prerender",
		"--groups", strconv.Itoa(groups), "--actions", strconv.Itoa(actions)}, more...)
	p, err := g.start(ctx, os.Environ(), "http://"+address, "/healthz", arguments...)
	return &Cloud{p, "bench", groups, actions}, err
}

// All is how many actions its history has.
func (c *Cloud) All() int { return c.Groups * c.Actions }

// Fewest is how many requests of 100 actions its history takes.
func (c *Cloud) Fewest() int { return c.Groups * max(1, (c.Actions+99)/100) }

// Counts are the requests that came.
type Counts struct{ Logs, Groups int }

// Counts asks the cloud how many requests came.
func (c *Cloud) Counts(ctx context.Context) (counts Counts, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/counts", nil)
	if err != nil {
		return counts, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return counts, fmt.Errorf("ask the cloud for its counts: %w", err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&counts); err != nil {
		return counts, fmt.Errorf("decode the cloud's counts: %w", err)
	}
	return counts, nil
}

// Daemon starts aslogd on a place, reading a cloud, and waits until its page
// answers at path.
func (g *Ground) Daemon(ctx context.Context, place *Place, cloud *Cloud, path string, settings ...string) (*Process, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	const source = "ASLOGD_SOURCE_0_"
	environ := g.environ(place, append([]string{"ASLOGD_HTTP_ADDR=" + address,
		source + "AS_URL=" + cloud.URL, source + "PROJECT_ID=" + cloud.Project, source + "AUTH=none",
		source + "REQUESTS_PER_MINUTE=1000000"}, settings...))
	return g.start(ctx, environ, "http://"+address, path, "run")
}

// FreeAddress is a local address that nobody listens at.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
