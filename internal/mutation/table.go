package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// A table shows a run as it goes: a line for each mutation that has ended, and
// below them, on a terminal, what is under way.
type table struct {
	out   io.Writer
	live  bool
	total int

	mu      sync.Mutex
	ended   int
	running []string
}

func newTable(out *os.File, chosen []mutation) *table {
	t := &table{out: out, live: isatty.IsTerminal(out.Fd()), total: len(chosen)}
	fmt.Fprintf(out, "%d mutations: each must make its test fail\n", t.total)
	return t
}

func (t *table) begin(m mutation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = append(t.running, m.id)
	t.progress()
}

func (t *table) end(r result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended++
	for i, id := range t.running {
		if id == r.id {
			t.running = append(t.running[:i], t.running[i+1:]...)
			break
		}
	}
	t.wipe()
	detail, _, _ := strings.Cut(r.detail, "\n")
	fmt.Fprintf(t.out, "%-9s %-8s %5.1fs  %s  → %s\n", r.verdict, r.id, r.took.Seconds(), r.breaks, detail)
	t.progress()
}

func (t *table) progress() {
	if t.live {
		t.wipe()
		fmt.Fprintf(t.out, "%d of %d, now %s", t.ended, t.total, strings.Join(t.running, ", "))
	}
}

func (t *table) wipe() {
	if t.live {
		fmt.Fprint(t.out, "\r\x1b[K")
	}
}

// sum ends the table, and says whether every mutation was noticed.
func (t *table) sum(results []result, took time.Duration) bool {
	t.wipe()
	counts := map[verdict]int{}
	for _, r := range results {
		counts[r.verdict]++
	}
	for _, r := range results {
		if r.verdict != noticed {
			fmt.Fprintf(t.out, "\n%s %s: %s\n  %s, %s %s\n  %s\n", r.verdict, r.id, r.breaks, r.file, r.pkg, r.test,
				strings.ReplaceAll(last(r.detail, 3000), "\n", "\n  "))
		}
	}
	fmt.Fprintf(t.out, "\n%d noticed, %d survived, %d useless, in %s\n",
		counts[noticed], counts[survived], counts[useless], took.Round(time.Second))
	return counts[noticed] == len(results)
}

func last(text string, most int) string { return text[max(0, len(text)-most):] }

// list says what there is.
func list(out io.Writer, chosen []mutation) {
	for _, l := range laws() {
		said := false
		for _, m := range chosen {
			if m.law != l.key {
				continue
			}
			if !said {
				fmt.Fprintf(out, "%s: %s\n", l.key, l.promise)
				said = true
			}
			fmt.Fprintf(out, "  %-8s %s\n           %s  %s\n", m.id, m.breaks, m.file, m.test)
		}
	}
}
