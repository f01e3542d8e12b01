package sink

import (
	"fmt"
	"io"
	"testing"
	"time"
)

// answers are those of a page of 100 records.
func answers(b *testing.B) *plan {
	one := batch("g")
	for i := range 100 {
		one.Actions = append(one.Actions, seen(b, 1, success(fmt.Sprintf("action-%012d", i), "i-1")))
	}
	return newPlan(units([]*item{{batch: one}}))
}

// BenchmarkDiff judges a page: once where nothing of it is stored, once where all
// of it is.
func BenchmarkDiff(b *testing.B) {
	p := answers(b)
	fresh, _ := p.judge(nil, nil, time.Hour)
	stored := map[key]*state{}
	for _, c := range fresh {
		stored[c.key] = c.final
	}
	for name, known := range map[string]map[key]*state{"new": nil, "stored": stored} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.judge(known, nil, time.Hour)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/record")
		})
	}
}

// numbered are the changes of a page with their journal rows.
func numbered(b *testing.B) []*change {
	c := NewCommitter(CommitterConfig{Lease: lease})
	changes, _ := answers(b).judge(nil, nil, time.Hour)
	c.number(head{hash: make([]byte, 32), at: time.Now()}, changes)
	var list []*change
	for i := range changes {
		list = append(list, &changes[i])
	}
	return list
}

// BenchmarkCopy writes a page's journal rows in COPY's form.
func BenchmarkCopy(b *testing.B) {
	rows := numbered(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.Copy(io.Discard, newCopySource(rows, journalTuple)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/record")
}

// BenchmarkValue makes the topics' value of a row.
func BenchmarkValue(b *testing.B) {
	row := numbered(b)[0].row
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Value(row, 1<<20); err != nil {
			b.Fatal(err)
		}
	}
}
