// Command peers has others do what aslogd does: the same backfill and the same
// live load, from the same simulated cloud into the same Postgres and Kafka, by
// Redpanda Connect and dlt, each configured as its documentation advises:
//
//	go run ./internal/testenv/serve -- go run ./bench/peers
//
// It builds and installs them first (Go's and Python's registries have to be
// reached, python3 has to be there). What was lost and what came twice is counted
// before anything is timed. CPU is that of the reader, Postgres and Kafka, without
// the cloud.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
)

type options struct {
	groups, actions int
	rate            float64
	runs, away      time.Duration
	only            string
	markdown, plot  string
	limit           time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.groups, "groups", 40, "groups")
	flag.IntVar(&o.actions, "actions", 5000, "actions of each group, in the backfill")
	flag.Float64Var(&o.rate, "live", 20, "actions a second in all, live")
	flag.DurationVar(&o.runs, "for", 90*time.Second, "how long the live load is measured; 0 leaves it out")
	flag.DurationVar(&o.away, "away", 0, "kill each of them in a live load of its own, and start it again so much later; 0 leaves it out")
	flag.StringVar(&o.only, "only", "", "measure those alone whose name has this in it")
	flag.StringVar(&o.markdown, "markdown", "", "page that the tables are written into, between <!-- peers --> and its end")
	flag.StringVar(&o.plot, "plot", "", "SVG file that is made of them")
	flag.DurationVar(&o.limit, "limit", 30*time.Minute, "give up after this")
	flag.Parse()
	ground.Main("peers", o.limit, o.run)
}

func (o *options) run(ctx context.Context) error {
	g, err := ground.New(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	all, versions, err := readers(ctx, g)
	if err != nil {
		return err
	}
	about := fmt.Sprintf("%s; %s", g.Machine(ctx), versions)
	fmt.Println(about)
	page := []string{fmt.Sprintf("`%s`, %s.", report.Command("peers"), about)}
	var tables []*report.Table
	for _, s := range o.scenes() {
		fmt.Println(s.about)
		t, err := s.play(ctx, g, o, all)
		if err != nil {
			return fmt.Errorf("%s %w", s.about, err)
		}
		fmt.Printf("\n%s\n", t.Text())
		page = append(page, s.about, t.Markdown())
		tables = append(tables, t)
	}
	if o.markdown != "" {
		err = marked.Write(o.markdown, "peers", strings.Join(page, "\n\n"))
	}
	if o.plot != "" {
		err = errors.Join(err, plot(o.plot, tables))
	}
	return err
}
