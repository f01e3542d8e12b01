package ground

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	"aslogd/internal/simulator"
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

// Counts asks the cloud how many requests came.
func (c *Cloud) Counts(ctx context.Context) (simulator.Counts, error) {
	return simulator.FetchCounts(ctx, c.URL)
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
