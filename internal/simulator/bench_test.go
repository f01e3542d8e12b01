package simulator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"aslogd/internal/simulator"
)

// A page of 100 rows out of 100,000; the goal is far above 20,000 rows a
// second, so that a reader is measured and not its stand-in.
func BenchmarkPage(b *testing.B) {
	b.Run("made", func(b *testing.B) { pages(b, simulator.Config{Groups: 1, ActionsPerGroup: 100_000}) })
	b.Run("prerendered", func(b *testing.B) { pages(b, simulator.Config{Groups: 1, ActionsPerGroup: 100_000, Prerender: true}) })
}

func pages(b *testing.B, c simulator.Config) {
	w := newWorld(b, c)
	h, id := w.Handler(), w.firstGroup()
	rows := 0
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, w.logPath(id, "limit", "100", "start_number", fmt.Sprint(rows%99_900)), nil)
		h.ServeHTTP(&void{http.Header{}}, r)
		rows += 100
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// A page of 100 groups out of 10,000.
func BenchmarkGroupList(b *testing.B) {
	w := newWorld(b, simulator.Config{Groups: 10_000, ActionsPerGroup: 1, LiveRate: 1})
	h := w.Handler()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "/autoscaling-api/v1/"+w.Project()+"/scaling_group?limit=100&start_number=9000", nil)
		h.ServeHTTP(&void{http.Header{}}, r)
	}
}

// The making of 40 groups with 5,000 actions each.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := simulator.New(simulator.Config{Groups: 40, ActionsPerGroup: 5000}); err != nil {
			b.Fatal(err)
		}
	}
}

type void struct{ h http.Header }

func (v *void) Header() http.Header         { return v.h }
func (v *void) WriteHeader(int)             {}
func (v *void) Write(p []byte) (int, error) { return io.Discard.Write(p) }
