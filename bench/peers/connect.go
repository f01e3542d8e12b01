package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/stages"
	"aslogd/sink/broker"
)

// Redpanda Connect: a module of its own, so that what it needs is nothing that
// aslogd needs.
const connectDir = "bench/peers/connect"

type connect struct {
	g               *ground.Ground
	binary, version string
}

func newConnect(ctx context.Context, g *ground.Ground) (*connect, error) {
	c := &connect{g: g, binary: filepath.Join(g.Dir, "connect")}
	const module = "github.com/benthosdev/benthos/v4"
	for _, arguments := range [][]string{
		{"build", "-trimpath", "-o", c.binary, "."},
		{"list", "-m", "-f", "Redpanda Connect as {{.Path}} {{.Version}}", module},
	} {
		fmt.Printf("Redpanda Connect: go %s …\n", arguments[0])
		cmd := exec.CommandContext(ctx, "go", arguments...)
		cmd.Dir = connectDir
		text, err := output(cmd)
		if err != nil {
			return nil, err
		}
		c.version = strings.TrimSpace(text)
	}
	return c, nil
}

// start makes the table, which it cannot make itself, and runs a configuration.
func (c *connect) start(config string, dedupe bool) start {
	return func(ctx context.Context, place *ground.Place, cloud *ground.Cloud) (*ground.Process, error) {
		table, err := os.ReadFile(filepath.Join(connectDir, "table.sql"))
		if err != nil {
			return nil, fmt.Errorf("read its table: %w", err)
		}
		if _, err := place.DB.Exec(ctx, string(table)); err != nil {
			return nil, fmt.Errorf("make its table: %w", err)
		}
		path, err := c.configure(ctx, cloud, config, dedupe)
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, c.binary, "--log.level", "warn", "-c", path)
		cmd.Env = append(os.Environ(), "AS_URL="+cloud.URL, "PROJECT="+cloud.Project, "DATABASE_URL="+place.DatabaseURL,
			"KAFKA="+c.g.Kafka, "TOPIC="+broker.ActionsTopic(place.Prefix))
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		return ground.Launch(cmd)
	}
}

// configure writes a configuration for the groups of a cloud.
func (c *connect) configure(ctx context.Context, cloud *ground.Cloud, config string, dedupe bool) (path string, err error) {
	groups, err := stages.GroupIDs(ctx, cloud)
	if err != nil {
		return "", fmt.Errorf("list the groups: %w", err)
	}
	t, err := template.ParseFiles(filepath.Join(connectDir, config), filepath.Join(connectDir, "outputs.yaml"))
	if err != nil {
		return "", fmt.Errorf("read its configuration: %w", err)
	}
	var text strings.Builder
	err = t.Execute(&text, struct {
		Groups []string
		Every  time.Duration // between two polls, of whatever group
		Dedupe bool
	}{groups, time.Second / time.Duration(len(groups)), dedupe})
	if err != nil {
		return "", fmt.Errorf("fill in its configuration: %w", err)
	}
	path = filepath.Join(c.g.Dir, config)
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		return "", fmt.Errorf("write its configuration: %w", err)
	}
	return path, nil
}
