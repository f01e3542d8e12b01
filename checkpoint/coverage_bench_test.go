package checkpoint

import (
	"testing"
	"time"
)

// BenchmarkCoverage is the arithmetic of spans, over a coverage of 100 of them:
// to add one, to find what is missing, to tell the watermark.
func BenchmarkCoverage(b *testing.B) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return begin.Add(time.Duration(minutes) * time.Minute) }
	var covered Coverage
	for i := range 100 {
		covered = covered.Add(Span{From: at(10 * i), To: at(10*i + 9)})
	}
	for name, do := range map[string]func(){
		"add":       func() { covered.Add(Span{From: at(504), To: at(511)}) },
		"holes":     func() { covered.Holes(Span{From: at(0), To: at(1000)}) },
		"watermark": func() { covered.Watermark(at(0), nil) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do()
			}
		})
	}
}
