package main

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"aslogd/history"
)

type statusCmd struct {
	JSON   bool          `name:"json" help:"Print JSON, as /api/status does."`
	Check  bool          `help:"Exit 3 when something stands longer than --max-lag."`
	MaxLag time.Duration `default:"10m" help:"How long a lag or a gap may stand (${default})."`
}

func (statusCmd) Help() string {
	return `Reads Postgres alone, so it works while the daemon does not. Lag is how far a
group's newest covered moment is behind now; what is older and not covered is a
gap.

--check exits 3 on a living group's lag over --max-lag, and on a gap that has
stood for longer than that, can still close, and that no running backfill will
close. A gap stands since its end. The daemon's own backfill, and one asked
for with aslogd backfill, count as running while somebody holds the group's shard
and the latest read did not fail.
Gaps for ever (retention, gone, offset_cap) are listed, not counted. Nor is a group
that ASLOGD_SOURCE_n_GROUPS does not name: it is not read.

Example:

  aslogd status --check --max-lag 10m`
}

func (s statusCmd) Run(ctx context.Context, environ Env, out io.Writer) error {
	_, pool, err := openDatabase(ctx, environ, "status")
	if err != nil {
		return err
	}
	defer pool.Close()
	report, err := history.Status(ctx, pool)
	if err != nil {
		return err
	}
	if s.JSON {
		err = report.WriteJSON(out)
	} else {
		err = printStatus(out, report)
	}
	if err != nil || !s.Check {
		return err
	}
	return breachError(report.Breaches(s.MaxLag))
}

// breachError names what was found, the first few of it.
func breachError(found []history.Breach) error {
	if len(found) == 0 {
		return nil
	}
	lines := []string{count(len(found), "thing stands", "things stand") + " longer than allowed:"}
	for _, b := range found[:min(len(found), 10)] {
		what := "lag"
		if b.Gap != nil {
			what = fmt.Sprintf("gap %s to %s (%s)", b.Gap.From.Format(time.RFC3339), b.Gap.To.Format(time.RFC3339), b.Gap.Reason)
		}
		lines = append(lines, fmt.Sprintf("  %s: %s, for %s", groupLabel(b.Group), what, history.Age(b.For.Seconds())))
	}
	if more := len(found) - 10; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return foundError(strings.Join(lines, "\n"))
}

func groupLabel(g history.Group) string {
	if g.Name == nil {
		return g.ID
	}
	return *g.Name + " (" + g.ID + ")"
}

func printStatus(out io.Writer, r *history.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tGROUP\tWATERMARK (UTC)\tLAG\tLATENESS\tACTIONS\tOPEN\tGAPS")
	for _, g := range r.Groups {
		name := g.ID
		if g.Name != nil {
			name = *g.Name
		}
		lag := "–"
		if g.Newest != nil {
			lag = history.Age(g.LagSeconds)
		}
		switch {
		case !g.Living:
			lag = "gone"
		case !g.Named:
			lag = "not configured"
		}
		late := "–"
		if g.Lateness > 0 {
			late = history.Age(g.Lateness)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", g.Source, name, clock(g.Watermark), lag, late,
			history.Thousands(g.Actions), g.OpenActions, gapWords(g.GapCounts))
	}
	fmt.Fprintln(w, "\t\t\t\t\t\t\t")
	fmt.Fprintln(w, "SHARD\tOWNER\tEPOCH\tHEAD\tPUBLISHED\tTO PUBLISH\t")
	for _, s := range r.Shards {
		owner := "free"
		if s.Instance != nil {
			owner = *s.Instance
		}
		if s.Owner != nil && !s.Living {
			owner += " (silent)"
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\t\n", s.Number, strings.TrimSpace(owner), s.Epoch,
			history.Thousands(s.Head), history.Thousands(s.Published), history.Thousands(s.Unpublished()))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Troubles) > 0 {
		fmt.Fprintln(out, "\nWhat stands out, and what to do:")
	}
	for _, t := range r.Troubles {
		fmt.Fprintln(out, t)
	}
	if len(r.Operations) > 0 {
		fmt.Fprintln(out)
	}
	for _, o := range r.Operations {
		fmt.Fprintln(out, operationLine(o))
	}
	return nil
}

func gapWords(counts map[string]int64) string {
	if len(counts) == 0 {
		return "0"
	}
	var words []string
	for reason, n := range counts {
		words = append(words, fmt.Sprintf("%d %s", n, reason))
	}
	sort.Strings(words)
	return strings.Join(words, ", ")
}

func clock(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
