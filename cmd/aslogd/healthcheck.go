package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

type healthcheckCmd struct{}

func (healthcheckCmd) Help() string {
	return `Asks /readyz at ASLOGD_HTTP_ADDR and exits 0 when the daemon there is ready, 1
when it is not. Needs no curl in the image.

Example, in a Dockerfile:

  HEALTHCHECK CMD ["/aslogd", "healthcheck"]`
}

func (healthcheckCmd) Run(ctx context.Context, environ Env, out io.Writer) error {
	c, err := Load(environ, "healthcheck")
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.HTTPAddr)
	if err != nil {
		return Faults{{Variable: Prefix + "HTTP_ADDR", Problem: fmt.Sprintf("%q is no address such as 127.0.0.1:8080", c.HTTPAddr)}}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // it listens everywhere, so here too
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the daemon: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	words := strings.TrimSpace(string(body))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the daemon at %s says: %s", c.HTTPAddr, words)
	}
	_, err = fmt.Fprintln(out, words)
	return err
}
