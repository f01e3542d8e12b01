package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"aslogd/internal/marked"
)

var header = []string{"scenario", "fault", "actions", "missing", "wrong", "extra", "repeated", "hits", "requests/N", "catch-up s", "peak MiB", ""}

// cells are the columns of one result.
func (r *result) cells() []string {
	row := []string{r.scenario.name, r.fault.name}
	switch v := r.verdict; {
	case r.skipped != "":
		return append(row, "–", "–", "–", "–", "–", "–", "–", "–", "–", r.skipped)
	case v == nil:
		return append(row, "–", "–", "–", "–", "–", "–", "–", "–", "–", "failed")
	default:
		number := func(n int) string { return fmt.Sprint(n) }
		word := "ok"
		if !r.good() {
			word = "FOUND"
		} else if v.InGap > 0 {
			word = fmt.Sprintf("ok, %d in gaps", v.InGap)
		}
		if r.kept {
			word += ", kept"
		}
		return append(row, number(v.Actions+v.Unreadable), number(v.Missing), number(v.Wrong+v.Broken), number(v.Extra), number(v.Repeated), number(r.hits),
			fmt.Sprintf("%.1f", float64(r.requests)/float64(max(1, r.perfect))), fmt.Sprintf("%.1f", r.catchUp.Seconds()), number(int(r.peak>>20)), word)
	}
}

// line is a result as it is shown when it comes.
func (r *result) line() string {
	row := r.cells()
	return fmt.Sprintf("%-14s %-22s %7s actions  missing %s  wrong %s  extra %s  repeated %s  hits %s  requests/N %s  catch-up %s s  %s MiB  %s",
		row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11])
}

// table is the whole of it, for a terminal.
func table(results []*result) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, r := range results {
		fmt.Fprintln(w, strings.Join(r.cells(), "\t"))
	}
	_ = w.Flush() // into memory
	return b.String()
}

// verdictOf tells what is wrong, with where to look, and says how to exit: 3
// where something was found, 1 where a cell could not be judged or was skipped:
// what was not run was not shown.
func verdictOf(out io.Writer, results []*result, cells int, dir string) (code int) {
	skipped := map[string]int{}
	for _, r := range results {
		if r.skipped != "" {
			skipped[r.skipped]++
		}
		if r.good() || r.skipped != "" {
			continue
		}
		fmt.Fprintf(out, "\n%s: logs in %s\n", r.pair, r.logs)
		for _, problem := range r.found() {
			fmt.Fprintf(out, "  %s\n", problem)
		}
		if r.err != nil {
			fmt.Fprintf(out, "  %v\n", r.err)
		}
		if r.verdict != nil {
			for _, example := range r.verdict.Examples {
				fmt.Fprintf(out, "  %s\n", example)
			}
		}
		if r.verdict != nil && r.err == nil {
			code = 3
		} else {
			code = max(code, 1)
		}
	}
	if len(results) < cells {
		fmt.Fprintf(out, "\n%d cells were not run\n", cells-len(results))
		code = max(code, 1)
	}
	if code > 0 {
		fmt.Fprintf(out, "\nlogs are kept in %s\n", dir)
	}
	for _, why := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(out, "%d cells skipped: %s\n", skipped[why], why)
		code = max(code, 1)
	}
	return code
}

const (
	beginMark = "<!-- torture -->"
	endMark   = "<!-- /torture -->"
)

// writeMarkdown puts the table between the marks of a file, or at its end.
func writeMarkdown(path string, arguments []string, results []*result, services string, now time.Time) error {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return os.WriteFile(path, []byte(between(string(text), fragment(arguments, results, services, now))), 0o644)
}

// between replaces what stands between the marks, which come at the end of a page
// that has none.
func between(text, fresh string) string {
	page, err := marked.Replace(text, "torture", fresh)
	if err != nil { // a page without the marks gets them
		page, _ = marked.Replace(strings.TrimRight(text, "\n")+"\n\n"+beginMark+endMark+"\n", "torture", fresh)
	}
	return page
}

// shown are the arguments that say what was run. Those that name files of
// whoever ran it are left out.
func shown(arguments []string) (kept []string) {
	own := []string{"--markdown", "--keep"}
	for i := 0; i < len(arguments); i++ {
		name, _, joined := strings.Cut(arguments[i], "=")
		switch {
		case !slices.Contains(own, name):
			kept = append(kept, arguments[i])
		case !joined:
			i++ // its value
		}
	}
	return kept
}

func fragment(arguments []string, results []*result, services string, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`go run ./internal/torture %s`, %s, on %d cores (%s/%s), %s, %s.\n\n",
		strings.Join(shown(arguments), " "), now.UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), services)
	fmt.Fprintf(&b, "requests/N: requests for actions, per ceil(N/100) summed over the groups, with all that live polling takes. hits: how often the fault was seen to strike. catch-up: from when the fault mended until all is stored, proved and published; the last live actions run on for five seconds of it. peak: the most memory of any daemon.\n\n")
	names := append([]string{}, header...)
	names[len(names)-1] = "verdict"
	fmt.Fprintf(&b, "| %s |\n|---|---|%s---|\n", strings.Join(names, " | "), strings.Repeat("---:|", len(names)-3))
	for _, r := range results {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r.cells(), " | "))
	}
	return b.String()
}
