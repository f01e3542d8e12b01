package ground

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// start runs a command of the daemon's binary, and waits until path answers.
func (g *Ground) start(ctx context.Context, environ []string, url, path string, arguments ...string) (*Process, error) {
	cmd := exec.CommandContext(ctx, g.Binary, arguments...)
	cmd.Env, cmd.Stderr, cmd.Stdout = environ, os.Stderr, io.Discard
	p, err := Launch(cmd)
	if err != nil {
		return nil, err
	}
	p.URL = url
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
