package report

import (
	"flag"
	"slices"
	"strings"
)

// outputs are the flags that say where results are written to.
var outputs = []string{"markdown", "plot"}

// Command is how a measurement was called, without where it wrote to.
func Command(name string) string {
	words := []string{"go run ./internal/testenv/serve -- go run ./bench/" + name}
	flag.Visit(func(f *flag.Flag) {
		if !slices.Contains(outputs, f.Name) {
			words = append(words, "-"+f.Name+"="+f.Value.String())
		}
	})
	return strings.Join(words, " ")
}
