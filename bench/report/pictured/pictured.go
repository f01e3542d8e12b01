// Package pictured holds the pictures of docs/performance.md against its tables:
//
//	go test ./bench/freshness -args -draw
//
// draws one again from the figures that stand in the page.
package pictured

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"aslogd/bench/report"
	"aslogd/internal/marked"
)

const docs = "../../docs"

var fresh = flag.Bool("draw", false, "draw the picture again from the page's figures")

// Check draws the tables between the markers of a name, and has the picture of that
// name say the same; no text in it covers another.
func Check(t *testing.T, name string, plot func(path string, tables []*report.Table) error) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	require.NoError(t, err)
	text, err := marked.Find(string(page), name)
	require.NoError(t, err)
	committed := filepath.Join(docs, "plots", name+".svg")
	path := filepath.Join(t.TempDir(), name+".svg")
	if *fresh {
		path = committed
	}
	require.NoError(t, plot(path, tables(text)))
	drawn := read(t, path)
	require.Empty(t, drawn.faults(t), path)
	const stale = "docs/plots/%s.svg shows other figures than the page: draw it again (-args -draw)"
	shown := read(t, committed)
	require.Equal(t, drawn.words(), shown.words(), stale, name)
	// Machines of other kinds reckon otherwise in the last digits.
	require.InDeltaSlice(t, drawn.places(t), shown.places(t), 0.1, stale, name)
}

// tables are those of a Markdown text.
func tables(text string) (all []*report.Table) {
	var t *report.Table
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch cells := strings.Split(strings.Trim(line, "|"), "|"); {
		case !strings.HasPrefix(line, "|"):
			t = nil
		case t == nil:
			t = &report.Table{Header: trimmed(cells)}
			all = append(all, t)
		case !strings.HasPrefix(line, "|---"):
			t.Rows = append(t.Rows, trimmed(cells))
		}
	}
	return all
}

func trimmed(cells []string) []string {
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	return cells
}
