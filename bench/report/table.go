// Package report shows measurements: on a terminal, in a page, and as pictures.
package report

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A Table is what a command measured.
type Table struct {
	Header []string
	Rows   [][]string
}

// Add puts a row at the end.
func (t *Table) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	t.Rows = append(t.Rows, row)
}

// Text is the table for a terminal.
func (t *Table) Text() string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range slices.Concat([][]string{t.Header}, t.Rows) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // into memory
	return b.String()
}

// Markdown is the table for a page; the first column holds names, the others
// numbers.
func (t *Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|---|%s\n", strings.Join(t.Header, " | "), strings.Repeat("---:|", len(t.Header)-1))
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

// Names are what the rows are of.
func (t *Table) Names() []string {
	names := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		names[i] = row[0]
	}
	return names
}

// Figures are the numbers of a column.
func (t *Table) Figures(column string) ([]float64, error) {
	i := slices.Index(t.Header, column)
	if i < 0 {
		return nil, fmt.Errorf("the table has no column %q", column)
	}
	figures := make([]float64, len(t.Rows))
	for j, row := range t.Rows {
		var err error
		if figures[j], err = strconv.ParseFloat(row[i], 64); err != nil {
			return nil, fmt.Errorf("column %q of %s: %w", column, row[0], err)
		}
	}
	return figures, nil
}

// Parts are columns as parts of bars, whose names are the rows'.
func (t *Table) Parts(columns ...string) ([]Part, error) {
	parts := make([]Part, len(columns))
	for i, column := range columns {
		figures, err := t.Figures(column)
		if err != nil {
			return nil, err
		}
		parts[i] = Part{column, figures}
	}
	return parts, nil
}

// Median of what was measured several times; 0 of none.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	switch n := len(sorted); {
	case n == 0:
		return 0
	case n%2 == 0:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	default:
		return sorted[n/2]
	}
}

// Quantile of values, the q-th part of them in order; 0 of none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
