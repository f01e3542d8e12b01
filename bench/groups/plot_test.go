package main

import (
	"testing"

	"aslogd/bench/report"
	"aslogd/bench/report/pictured"
)

func TestThePictureShowsThePage(t *testing.T) {
	t.Parallel()
	pictured.Check(t, "groups", func(path string, tables []*report.Table) error { return plot(path, tables[0]) })
}
