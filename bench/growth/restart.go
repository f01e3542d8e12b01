package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aslogd/bench/ground"
)

// restart says how soon a daemon with all sources is ready, how soon it holds all
// shards, and what it asks for in the time in which it polls each group once. Had
// it read its history again, there would be requests for backfills.
func (w *world) restart(ctx context.Context) (string, error) {
	before, err := w.asked(ctx)
	if err != nil {
		return "", err
	}
	began := time.Now()
	p, err := w.ground.Daemon(ctx, w.place, w.sources[0].cloud, "/readyz", w.settings()...)
	if err != nil {
		return "", err
	}
	defer p.Stop()
	ready := time.Since(began)
	for free := true; free; {
		if err := w.place.DB.QueryRow(ctx, "SELECT bool_or(owner IS NULL) FROM aslog.shard_head").Scan(&free); err != nil {
			return "", fmt.Errorf("ask whose the shards are: %w", err)
		}
		if free {
			if err := ground.Pause(ctx, 20*time.Millisecond); err != nil {
				return "", err
			}
		}
	}
	held := time.Since(began)
	if err := ground.Pause(ctx, 70*time.Second-time.Since(began)); err != nil {
		return "", err
	}
	after, err := w.asked(ctx)
	if err != nil {
		return "", err
	}
	purposes, err := purposes(ctx, p.URL)
	if err != nil {
		return "", err
	}
	_, peak, err := p.Memory()
	if err != nil {
		return "", err
	}
	groups := 0 // those of the probes are not read any more
	for _, s := range w.sources {
		groups += s.cloud.Groups
	}
	return fmt.Sprintf("A daemon that starts with %d actions of %d groups stored is ready after %.2f s, and holds all shards after %.2f s. "+
		"In its first 70 s it asks %.2f times for a page of each of the %d groups that it reads (all requests: %s), and has %d MiB at most.",
		w.actions, w.groups, ready.Seconds(), held.Seconds(), float64(after-before)/float64(groups), groups, purposes, peak>>20), nil
}

var requestsOf = regexp.MustCompile(`(?m)^aslogd_api_requests_purpose_total\{.*purpose="(\w+)".*\} (\S+)$`)

// purposes are a daemon's requests, by what they were for.
func purposes(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask the daemon for its metrics: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", fmt.Errorf("read the daemon's metrics: %w", err)
	}
	sums := map[string]float64{"backfill": 0}
	for _, line := range requestsOf.FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			return "", fmt.Errorf("read the daemon's metrics: %w", err)
		}
		sums[line[1]] += n
	}
	var parts []string
	for purpose, n := range sums {
		parts = append(parts, fmt.Sprintf("%s %.0f", purpose, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", "), nil
}
