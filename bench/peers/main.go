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
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
)

type options struct {
	groups, actions int
	rate            float64
	runs            time.Duration
	only, markdown  string
	limit           time.Duration
}

func main() {
	log.SetFlags(0)
	var o options
	flag.IntVar(&o.groups, "groups", 40, "groups")
	flag.IntVar(&o.actions, "actions", 5000, "actions of each group, in the backfill")
	flag.Float64Var(&o.rate, "live", 20, "actions a second in all, live")
	flag.DurationVar(&o.runs, "for", 90*time.Second, "how long the live load is measured; 0 leaves it out")
	flag.StringVar(&o.only, "only", "", "measure those alone whose name has this in it")
	flag.StringVar(&o.markdown, "markdown", "", "page that the tables are written into, between <!-- peers --> and its end")
	flag.DurationVar(&o.limit, "limit", 30*time.Minute, "give up after this")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, o.limit)
	defer cancel()
	if err := o.run(ctx); err != nil {
		log.Fatal("peers: ", err)
	}
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
	past, err := o.past(ctx, g, all)
	if err != nil {
		return fmt.Errorf("the backfill: %w", err)
	}
	load := &report.Table{}
	if o.runs > 0 {
		if load, err = o.load(ctx, g, all); err != nil {
			return fmt.Errorf("the live load: %w", err)
		}
	}
	about := fmt.Sprintf("%s; %s", g.Machine(ctx), versions)
	backfill := fmt.Sprintf("A backfill of %d actions in %d groups:", o.groups*o.actions, o.groups)
	live := fmt.Sprintf("%d groups polled each second, %g actions/s, for %s:", o.groups, o.rate, o.runs)
	fmt.Printf("\n%s\n\n%s\n%s\n%s\n%s", about, backfill, past.Text(), live, load.Text())
	if o.markdown == "" {
		return nil
	}
	return marked.Write(o.markdown, "peers", strings.Join([]string{
		fmt.Sprintf("`%s`, %s.", command(), about), backfill, past.Markdown(), live, load.Markdown()}, "\n\n"))
}

// past has everybody read the history.
func (o *options) past(ctx context.Context, g *ground.Ground, all []reader) (*report.Table, error) {
	cloud, err := g.Cloud(ctx, o.groups, o.actions, "--live", "0")
	if err != nil {
		return nil, err
	}
	defer cloud.Stop()
	t := &report.Table{Header: []string{"", "rows lost", "rows twice", "records lost", "records twice", "seconds", "CPU ms per 1,000", "itself", "Postgres", "Kafka", "peak MiB", "requests ÷ fewest"}}
	for _, r := range all {
		if r.backfill == nil || !strings.Contains(r.name, o.only) {
			continue
		}
		fmt.Printf("backfill: %s …\n", r.name)
		if err := r.readPast(ctx, g, cloud, t); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		fmt.Println("  ", strings.Join(t.Rows[len(t.Rows)-1], "  "))
	}
	return t, nil
}

// load has everybody follow a living cloud, each a fresh one.
func (o *options) load(ctx context.Context, g *ground.Ground, all []reader) (*report.Table, error) {
	t := &report.Table{Header: []string{"", "states", "rows lost", "rows wrong", "records lost", "records twice", "row p50 s", "row p99 s", "record p50 s", "record p99 s", "CPU s/min itself", "Postgres", "Kafka", "peak MiB", "requests/min"}}
	for _, r := range all {
		if !strings.Contains(r.name, o.only) {
			continue
		}
		fmt.Printf("live: %s, for %s …\n", r.name, o.runs)
		if err := r.follow(ctx, g, o, t); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		fmt.Println("  ", strings.Join(t.Rows[len(t.Rows)-1], "  "))
	}
	return t, nil
}

// command is how this was called, without where it wrote to.
func command() string {
	words := []string{"go run ./internal/testenv/serve -- go run ./bench/peers"}
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "markdown" {
			words = append(words, "-"+f.Name+"="+f.Value.String())
		}
	})
	return strings.Join(words, " ")
}
