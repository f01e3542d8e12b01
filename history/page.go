package history

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed sql/actions.sql
var actionsSQL string

// templates are parsed once; a fault in them fails the first test.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"css":   func() template.CSS { return template.CSS(pageCSS) },
	"time":  showTime,
	"span":  Age,
	"count": Thousands,
	"text": func(s *string) string {
		if s == nil {
			return "–"
		}
		return *s
	},
	"number": func(n *int64) string {
		if n == nil {
			return "–"
		}
		return Thousands(*n)
	},
}).Parse(pageHTML))

type pageView struct {
	Title       string
	Ready       bool
	Words       []string
	Report      *Report
	Shown       []Group // the first thousand
	Actions     int64
	Open        int64
	Gaps        int64 // that can still close
	Living      int
	Unpublished int64
	Lag         float64
}

// mostRows bounds the page: a browser that renders ten thousand rows every five
// seconds serves nobody, and /api/status has them all.
const mostRows = 1000

func (v *pageView) fill(r *Report) {
	v.Report, v.Shown = r, r.Groups[:min(len(r.Groups), mostRows)]
	for _, s := range r.Sources {
		v.Actions += s.Actions
		v.Open += s.OpenActions
		v.Living += s.Living
		v.Gaps += s.Gaps[Unproven]
		v.Lag = max(v.Lag, s.LagSeconds)
	}
	for _, s := range r.Shards {
		v.Unpublished += s.Unpublished()
	}
}

type groupView struct {
	Title   string
	Group   Group
	Actions []actionRow
}

type actionRow struct {
	ID, Status, Type        *string
	Start, End              *time.Time
	Before, Desire, Changed *int64
	Revision                int64
	RecordedAt              time.Time
	Shard                   int
	Seq                     int64
	Reasons                 *string
}

func groupOf(ctx context.Context, pool *pgxpool.Pool, id string) (*groupView, error) {
	report, err := Status(ctx, pool)
	if err != nil {
		return nil, err
	}
	view := &groupView{Title: id}
	for _, g := range report.Groups {
		if g.ID == id {
			view.Group = g
			if g.Name != nil {
				view.Title = *g.Name
			}
		}
	}
	if view.Group.ID == "" {
		return nil, pgx.ErrNoRows
	}
	rows, err := pool.Query(ctx, actionsSQL, id, 200)
	if err != nil {
		return nil, fmt.Errorf("read actions of group %s: %w", id, err)
	}
	view.Actions, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a actionRow, err error) {
		err = row.Scan(&a.ID, &a.Status, &a.Type, &a.Start, &a.End, &a.Before, &a.Desire, &a.Changed,
			&a.Revision, &a.RecordedAt, &a.Shard, &a.Seq, &a.Reasons)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("read actions of group %s: %w", id, err)
	}
	return view, nil
}

func render(w http.ResponseWriter, name string, view any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, view); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	_, _ = w.Write(b.Bytes()) // a reader who went away
}

func showTime(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// Age is a number of seconds in the two largest units that matter.
func Age(seconds float64) string {
	switch s := int64(seconds); {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min", s/60)
	case s < 86400:
		return fmt.Sprintf("%d h %02d", s/3600, s%3600/60)
	default:
		return fmt.Sprintf("%d d %d h", s/86400, s%86400/3600)
	}
}

// Thousands writes a number with thin groups of three digits.
func Thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b []byte
	for i, c := range []byte(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b = append(b, "\u202f"...)
		}
		b = append(b, c)
	}
	return string(b)
}
