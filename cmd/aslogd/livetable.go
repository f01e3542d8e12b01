package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/history"
	"aslogd/internal/verdict"
)

// A liveTable shows how far each group is: redrawn in place on a terminal, one
// line every few seconds elsewhere.
type liveTable struct {
	out    io.Writer
	page   string
	redraw bool

	lines int // that stand on the screen
	shown time.Time
}

// show draws the state of now. What cannot be read is shown the next time.
func (t *liveTable) show(ctx context.Context, pool *pgxpool.Pool) {
	r, err := history.Status(ctx, pool)
	if err != nil {
		return
	}
	if !t.redraw {
		if time.Since(t.shown) >= 5*time.Second {
			if t.shown.IsZero() {
				fmt.Fprintf(t.out, "page: http://%s/\n", t.page)
			}
			t.shown = time.Now()
			fmt.Fprintln(t.out, summary(r))
		}
		return
	}
	var b bytes.Buffer
	if t.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", t.lines) // up, and clear to the end
	}
	body := table(r, t.page)
	t.lines = strings.Count(body, "\n")
	b.WriteString(body)
	_, _ = t.out.Write(b.Bytes())
}

// last draws once more, and says what comes next.
func (t *liveTable) last(ctx context.Context, pool *pgxpool.Pool, words string) {
	t.shown = time.Time{}.Add(1)
	t.show(ctx, pool)
	fmt.Fprintln(t.out, words)
}

func summary(r *history.Report) string {
	var s history.Source
	for _, one := range r.Sources {
		s.Living += one.Living
		s.Actions += one.Actions
		s.OpenActions += one.OpenActions
		s.LagSeconds = max(s.LagSeconds, one.LagSeconds)
	}
	var head, published int64
	for _, shard := range r.Shards {
		head += shard.Head
		published += shard.Published
	}
	return fmt.Sprintf("%d groups  %s actions  %d open  longest lag %s  %s revisions  %s published",
		s.Living, history.Thousands(s.Actions), s.OpenActions, history.Age(s.LagSeconds),
		history.Thousands(head), history.Thousands(published))
}

func table(r *history.Report, page string) string {
	published := map[int]history.Shard{}
	for _, s := range r.Shards {
		published[s.Number] = s
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "\naslogd demo · page: http://%s/ · Ctrl-C ends it and judges\n\n", page)
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "GROUP\tWATERMARK (UTC)\tLAG\tACTIONS\tOPEN\tSHARD\tPUBLISHED\t")
	for _, g := range r.Groups[:min(len(r.Groups), 30)] {
		name := g.ID
		if g.Name != nil {
			name = *g.Name
		}
		lag := "–"
		if g.Newest != nil {
			lag = history.Age(g.LagSeconds)
		}
		shard := published[g.Shard]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s of %s\t\n", name, clock(g.Watermark), lag,
			history.Thousands(g.Actions), g.OpenActions, g.Shard, history.Thousands(shard.Published), history.Thousands(shard.Head))
	}
	_ = w.Flush() // into memory
	fmt.Fprintf(&b, "\n%s\n", summary(r))
	return b.String()
}

// printVerdict is the demo's last word.
func printVerdict(out io.Writer, v *verdict.Verdict) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w)
	for _, line := range []struct {
		n    int
		what string
	}{
		{v.Actions, "actions the cloud showed"},
		{v.Rows, "rows in aslog.scaling_action"},
		{v.Revisions, "revisions in the journal"},
		{v.Records, "records in the topic (read_committed)"},
		{v.Missing, "missing"},
		{v.Extra + v.Repeated, "repeated"},
		{v.Wrong + v.Broken, "other than the cloud showed it"},
	} {
		fmt.Fprintf(w, "%s\t  %s\n", history.Thousands(int64(line.n)), line.what)
	}
	_ = w.Flush()
	for _, example := range v.Examples {
		fmt.Fprintln(out, "  "+example)
	}
}
