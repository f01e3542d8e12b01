package economy

import (
	"strings"
	"testing"

	"aslogd/bench/report"
	"aslogd/bench/report/pictured"
)

// draw shows what requests are for, at each budget.
func draw(path string, live *report.Table) error {
	bars := &report.Bars{Title: "What requests are for", Unit: "% of the requests"}
	var columns []string
	for _, class := range classes {
		columns = append(columns, class.String()+" %")
	}
	var err error
	if bars.Parts, err = live.Parts(columns...); err != nil {
		return err
	}
	for i, class := range classes {
		bars.Parts[i].Name = class.String()
	}
	for i, name := range live.Names() {
		fleet, _, _ := strings.Cut(name, ":")
		bars.Names = append(bars.Names, fleet+", "+live.Rows[i][1]+"/min")
	}
	return report.Draw(path, bars)
}

func TestThePictureShowsThePage(t *testing.T) {
	t.Parallel()
	pictured.Check(t, "economy", func(path string, tables []*report.Table) error { return draw(path, tables[0]) })
}
