package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"aslogd/internal/verdict"
)

const memoryLimit = 256 << 20

// A result is what came of a cell.
type result struct {
	pair
	verdict  *verdict.Verdict // nil when it could not be judged
	requests int              // for actions
	perfect  int              // what one quiet pass over all actions takes: the sum of ceil(N/100) over groups
	catchUp  time.Duration    // from when everything mended until nothing was missing
	took     time.Duration
	peak     int64 // most memory of a daemon, in bytes
	hits     int   // how often the fault struck
	problems []string
	kept     bool   // it was good in an earlier run
	skipped  string // what this machine lacks
	err      error  // why it could not be run to its end
	logs     string
}

func (r *result) good() bool {
	return r.skipped == "" && r.err == nil && len(r.found()) == 0 && r.verdict.Good()
}

// found is what is wrong besides what the judge says: what was noticed on the
// way, and what makes the verdict worth nothing.
func (r *result) found() []string {
	found := slices.Clone(r.problems)
	if r.verdict == nil {
		return found
	}
	if r.verdict.Actions == 0 {
		found = append(found, "the cloud showed no action")
	}
	if n := r.verdict.InGap; n > 0 && !r.scenario.gaps {
		found = append(found, fmt.Sprintf("%d actions lie in gaps, and this scenario has none", n))
	}
	if r.hits == 0 && r.fault.fails() {
		found = append(found, "the fault never struck")
	}
	return found
}

// A runner runs cells, several at once, each job on grounds of its own.
type runner struct {
	out      io.Writer
	dir      string
	binaries binaries
	short    bool
	seed     uint64
	jobs     int
	keep     *keep

	mu       sync.Mutex
	running  map[string]time.Time
	results  []*result
	versions string // of the services
}

// run gives results in the order of the cells, of those that were begun.
func (r *runner) run(ctx context.Context, cells []pair) []*result {
	next := make(chan int)
	done := make([]*result, len(cells))
	var jobs sync.WaitGroup
	for job := range min(r.jobs, len(cells)) {
		jobs.Go(func() {
			grounds := map[string]*ground{}
			defer func() {
				for _, g := range grounds {
					g.close()
				}
			}()
			for i := range next {
				done[i] = r.one(ctx, grounds, fmt.Sprintf("%s/job%d", r.dir, job), i, cells[i])
				r.say(done[i])
			}
		})
	}
	watched, stop := context.WithCancel(ctx)
	go r.watch(watched, len(cells))
	for i := range cells {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	jobs.Wait()
	stop()
	return slices.DeleteFunc(done, func(r *result) bool { return r == nil })
}

// one runs a cell on the ground it needs. A ground that failed is not used again.
func (r *runner) one(ctx context.Context, grounds map[string]*ground, dir string, i int, p pair) *result {
	began := time.Now()
	binary := r.binaries.plain
	if p.fault.turnable {
		binary = r.binaries.turnable
	}
	of := conditions{Scenario: p.scenario.name, Fault: p.fault.name, Binary: binary.sum, Seed: r.seed, Short: r.short}
	if done, services := r.keep.find(p, of); done != nil {
		r.ranOn(services)
		return done
	}
	done := &result{pair: p}
	r.mark(p, began)
	defer func() {
		done.took = time.Since(began)
		r.mark(p, time.Time{})
	}()
	if p.fault.missing != nil {
		if done.skipped = p.fault.missing(); done.skipped != "" {
			return done
		}
	}
	kind := p.fault.postgres
	for other, g := range grounds {
		if other != "" && other != kind { // special ones are not needed again
			g.close()
			delete(grounds, other)
		}
	}
	if grounds[kind] == nil {
		at := filepath.Join(dir, fmt.Sprintf("%s-%d", strings.ReplaceAll("ground "+kind, " ", "-"), i))
		if done.err = os.MkdirAll(at, 0o755); done.err != nil {
			return done
		}
		if grounds[kind], done.err = newGround(ctx, at, kind); done.err != nil {
			delete(grounds, kind)
			return done
		}
		r.ranOn(grounds[kind].versions)
	}
	hash := fnv.New64a()
	fmt.Fprint(hash, p.scenario.name, "/", p.fault.name)
	c := &cell{
		pair: p, ground: grounds[kind], binary: binary.path, short: r.short,
		dir:  filepath.Join(r.dir, p.scenario.name+"-"+p.fault.name),
		dice: rand.New(rand.NewPCG(r.seed, hash.Sum64())),
		name: fmt.Sprintf("cell%d", i),
	}
	done.logs = c.dir
	if done.err = os.MkdirAll(c.dir, 0o755); done.err != nil {
		return done
	}
	if done.err = c.run(ctx, done); done.err != nil {
		grounds[kind].close()
		delete(grounds, kind)
	}
	if done.good() {
		done.took = time.Since(began)
		done.err = r.keep.add(done, of, grounds[kind].versions)
		_ = os.RemoveAll(c.dir)
	}
	return done
}

// ranOn notes the versions of the services.
func (r *runner) ranOn(versions string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.versions = versions
}

func (r *runner) mark(p pair, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.IsZero() {
		delete(r.running, p.String())
	} else {
		r.running[p.String()] = at
	}
}

// watch says now and then what runs.
func (r *runner) watch(ctx context.Context, cells int) {
	for sleep(ctx, 20*time.Second) {
		r.mu.Lock()
		var lines []string
		for name, since := range r.running {
			lines = append(lines, fmt.Sprintf("%s since %s", name, time.Since(since).Round(time.Second)))
		}
		slices.Sort(lines)
		fmt.Fprintf(r.out, "  … %d of %d; %s\n", len(r.results), cells, strings.Join(lines, "; "))
		r.mu.Unlock()
	}
}

// say prints a line as a cell ends.
func (r *runner) say(done *result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, done)
	fmt.Fprintf(r.out, "%s (%s)\n", done.line(), done.took.Round(time.Second))
	if done.err != nil {
		fmt.Fprintf(r.out, "  %v\n", done.err)
	}
}
