package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"aslogd/bench/ground"
)

// A reader is one of those that are compared.
type reader struct {
	name     string
	rows     string // the query that tells its rows: action and status
	tables   bool   // it publishes nothing
	backfill start  // nil: as another one does it
	live     start
	finish   func(context.Context, *ground.Place, *ground.Process, *ground.Cloud) error // waits for the end of its backfill
}

// start lets it begin to read a cloud into a place.
type start func(context.Context, *ground.Place, *ground.Cloud) (*ground.Process, error)

// readers makes everybody ready, and tells their versions.
func readers(ctx context.Context, g *ground.Ground) (all []reader, versions string, err error) {
	c, err := newConnect(ctx, g)
	if err != nil {
		return nil, "", fmt.Errorf("build Redpanda Connect: %w", err)
	}
	d, err := newDLT(ctx, g)
	if err != nil {
		return nil, "", fmt.Errorf("install dlt: %w", err)
	}
	ended := func(ctx context.Context, _ *ground.Place, p *ground.Process, _ *ground.Cloud) error {
		return p.Wait(ctx)
	}
	const rows = "SELECT id, coalesce(status, '') FROM "
	return []reader{
		{name: "aslogd", rows: "SELECT action_id, coalesce(status, '') FROM aslog.scaling_action",
			backfill: daemon(g), live: daemon(g, "ASLOGD_POLL_INTERVAL=1s", "ASLOGD_WATCH_INTERVAL=1s"), finish: published},
		{name: "Redpanda Connect", rows: rows + "public.actions",
			backfill: c.start("backfill.yaml", false), live: c.start("live.yaml", false), finish: ended},
		{name: "Redpanda Connect, dedupe in memory", rows: rows + "public.actions",
			live: c.start("live.yaml", true)},
		{name: "dlt (tables only)", rows: rows + "peer.actions", tables: true,
			backfill: d.start("backfill"), live: d.start("live"), finish: ended},
	}, fmt.Sprintf("%s; %s", c.version, d.version), nil
}

func daemon(g *ground.Ground, settings ...string) start {
	return func(ctx context.Context, place *ground.Place, cloud *ground.Cloud) (*ground.Process, error) {
		return g.Daemon(ctx, place, cloud, "/healthz", settings...)
	}
}

// published waits until aslogd, which never ends, has stored and published all.
func published(ctx context.Context, place *ground.Place, _ *ground.Process, cloud *ground.Cloud) error {
	_, err := place.Await(ctx, time.Now(), cloud.All())
	return err
}

// output runs a command that makes something ready, and gives what it printed.
func output(cmd *exec.Cmd) (string, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return string(out), nil
}
