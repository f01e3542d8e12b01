package main

import (
	"testing"

	"aslogd/bench/report/pictured"
)

func TestThePictureShowsThePage(t *testing.T) {
	t.Parallel()
	pictured.Check(t, "peers", plot)
}
