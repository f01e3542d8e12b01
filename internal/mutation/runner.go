package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A verdict is what became of a mutation.
type verdict string

const (
	noticed  verdict = "noticed"  // the test failed, as it should
	survived verdict = "SURVIVED" // the test passed
	useless  verdict = "USELESS"  // it does not build, or the test fails without it too
)

type result struct {
	mutation
	verdict verdict
	detail  string // the test that failed, or what is wrong
	took    time.Duration
}

// A runner tries mutations. What the tests do without one is found out once for
// each package and pattern.
type runner struct {
	root  string
	jobs  int
	watch *table

	mu      sync.Mutex
	without map[string]func() (error, string)
}

func newRunner(root string, jobs int, watch *table) *runner {
	return &runner{root: root, jobs: max(jobs, 1), watch: watch, without: map[string]func() (error, string){}}
}

// all tries them, and returns what became of each, in their order.
func (r *runner) all(ctx context.Context, chosen []mutation) []result {
	results := make([]result, len(chosen))
	var group errgroup.Group
	group.SetLimit(r.jobs)
	for i, m := range chosen {
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			began := time.Now()
			r.watch.begin(m)
			res := result{mutation: m}
			res.verdict, res.detail = r.try(ctx, m)
			res.took = time.Since(began)
			results[i] = res
			if ctx.Err() == nil {
				r.watch.end(res)
			}
			return nil
		})
	}
	_ = group.Wait() // none returns an error
	return results
}

func (r *runner) try(ctx context.Context, m mutation) (verdict, string) {
	if err, out := r.unchanged(ctx, m); err != nil {
		return useless, fmt.Sprintf("the test fails without it: %v\n%s", err, out)
	}
	dir, err := os.MkdirTemp("", "mutation-")
	if err != nil {
		return useless, err.Error()
	}
	defer os.RemoveAll(dir)
	overlay, err := r.overlay(dir, m)
	if err != nil {
		return useless, err.Error()
	}
	binary := filepath.Join(dir, "test")
	if out, err := r.build(ctx, binary, m.pkg, overlay); err != nil {
		return useless, "it does not build:\n" + out
	}
	out, err := r.test(ctx, binary, m, overlay)
	if err == nil {
		return survived, "passed: " + m.test
	}
	if errors.Is(err, errMemory) {
		return noticed, err.Error()
	}
	return noticed, failed(out)
}

// unchanged runs the test without any mutation, once.
func (r *runner) unchanged(ctx context.Context, m mutation) (error, string) {
	r.mu.Lock()
	key := m.pkg + " " + m.test
	once := r.without[key]
	if once == nil {
		once = sync.OnceValues(func() (error, string) {
			dir, err := os.MkdirTemp("", "mutation-")
			if err != nil {
				return err, ""
			}
			defer os.RemoveAll(dir)
			binary := filepath.Join(dir, "test")
			if out, err := r.build(ctx, binary, m.pkg, ""); err != nil {
				return err, out
			}
			out, err := r.test(ctx, binary, m, "")
			if err == nil && !strings.Contains(out, "--- PASS: ") {
				err = fmt.Errorf("no test of %s is named %s", m.pkg, m.test)
			}
			return err, out
		})
		r.without[key] = once
	}
	r.mu.Unlock()
	return once()
}

// overlay writes the changed file, and what tells the go command of it.
func (r *runner) overlay(dir string, m mutation) (string, error) {
	text, err := m.mutated(r.root)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, filepath.Base(filepath.FromSlash(m.file)))
	if err := os.WriteFile(changed, text, 0o600); err != nil {
		return "", err
	}
	replace := map[string]map[string]string{"Replace": {filepath.Join(r.root, filepath.FromSlash(m.file)): changed}}
	encoded, err := json.Marshal(replace)
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, encoded, 0o600)
}

// longest is how long a mutated test may take: one that hangs has noticed too.
const longest = 3 * time.Minute

func (r *runner) build(ctx context.Context, binary, pkg, overlay string) (string, error) {
	return r.command(ctx, r.root, overlay, "go", "test", "-c", "-ldflags=-s -w", "-o", binary, "./"+pkg)
}

func (r *runner) test(ctx context.Context, binary string, m mutation, overlay string) (string, error) {
	dir := filepath.Join(r.root, filepath.FromSlash(m.pkg))
	return r.command(ctx, dir, overlay, binary, "-test.v", "-test.run", m.test, "-test.timeout", longest.String())
}

// command passes the overlay on by GOFLAGS, so that a test which builds the
// daemon builds the mutated one.
func (r *runner) command(ctx context.Context, dir, overlay string, name string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, longest+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), softly)
	if overlay != "" {
		cmd.Env = append(cmd.Env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := runWithin(ctx, cmd, most)
	return out.String(), err
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// failed is which test said so; one that hung or panicked is the one that ran.
func failed(out string) string {
	if found := failure.FindStringSubmatch(out); found != nil {
		return found[1]
	}
	if strings.Contains(out, "panic: test timed out") {
		return "it hung"
	}
	return "it panicked"
}
