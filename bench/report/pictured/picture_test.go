package pictured

import (
	"testing"

	"github.com/stretchr/testify/require"

	"aslogd/bench/report"
)

func TestLabelsThatNobodyCanReadAreFaults(t *testing.T) {
	t.Parallel()
	const ten = "font-size:10px"
	p := picture{ViewBox: "0 0 100 50", Labels: []label{
		{0, -20, ten, "first"}, {31, -20, ten, "beside"}, {20, -14, ten, "over"}, {0, -5, ten, "below"}, {80, -40, ten, "beyond"}, {0, -49, ten, "above"},
	}}
	require.Equal(t, []string{`"over" covers "first"`, `"over" covers "beside"`, `"beyond" is cut off`, `"above" is cut off`}, p.faults(t))
}

func TestTablesOfAPageAreRead(t *testing.T) {
	t.Parallel()
	first, second := &report.Table{Header: []string{"", "n"}}, &report.Table{Header: []string{"a", "b"}}
	first.Add("one", "1.5")
	first.Add("two", "–")
	require.Equal(t, []*report.Table{first, second}, tables("A text.\n\n"+first.Markdown()+"\nMore:\n\n"+second.Markdown()))
}
