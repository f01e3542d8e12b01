// Command replicas measures what more daemons bring, and how soon the shards of
// one that ends are another's:
//
//	go run ./internal/testenv/serve -- go run ./bench/replicas
//
// A backfill is read by 1, 2 and 4 daemons, on few and on many shards. They hold
// their fair shares before the source is opened to them, so that what is measured
// is their work and not how they came together. Meanwhile Postgres is asked ten
// times a second what their backends wait for.
//
// Then one daemon of several is killed, and one is asked to end, while all groups
// are polled each second and act. What is measured is, from the signal on, when
// the last of its shards had a new owner, and when each of them that has groups
// had a commit of its new owner.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
)

type options struct {
	groups, actions int
	rate            float64
	ttl             time.Duration
	daemons, shards []int
	past, turns     bool
	markdown, plot  string
	limit           time.Duration
}

func main() {
	o := options{daemons: []int{1, 2, 4}, shards: []int{8, 32}}
	flag.IntVar(&o.groups, "groups", 40, "groups")
	flag.IntVar(&o.actions, "actions", 1000, "actions of each group")
	flag.Float64Var(&o.rate, "rate", 40, "actions a second during a hand-over")
	flag.DurationVar(&o.ttl, "ttl", 5*time.Second, "LEASE_TTL")
	flag.BoolVar(&o.past, "backfills", true, "measure backfills")
	flag.BoolVar(&o.turns, "handovers", true, "measure hand-overs")
	flag.Func("daemons", "how many daemons (1,2,4)", numbers(&o.daemons))
	flag.Func("shards", "on how many shards (8,32)", numbers(&o.shards))
	flag.StringVar(&o.markdown, "markdown", "", "page that the tables are written into, between <!-- replicas --> and its end")
	flag.StringVar(&o.plot, "plot", "", "SVG file that is made of them")
	flag.DurationVar(&o.limit, "limit", 15*time.Minute, "give up after this")
	flag.Parse()
	ground.Main("replicas", o.limit, o.run)
}

// numbers reads numbers between commas.
func numbers(into *[]int) func(string) error {
	return func(text string) error {
		*into = nil
		for word := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(word)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no number above 0", word)
			}
			*into = append(*into, n)
		}
		return nil
	}
}

func (o *options) run(ctx context.Context) error {
	g, err := ground.New(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	past := &report.Table{Header: []string{"daemons on shards", "all stored, s", "all published, s", "actions/s", "÷ one daemon", "CPU ms per 1,000", "daemons", "Postgres",
		"rows a commit", "backends at work", "of them on the CPU", "their most frequent waits", "locks waited for"}}
	turns := &report.Table{Header: []string{"daemons on shards", "one gets", "its shards", "all have an owner, s", "owner ÷ LEASE_TTL", "all commit again, s", "commit ÷ LEASE_TTL"}}
	for _, shards := range o.shards {
		alone := 0.0
		for _, daemons := range o.daemons {
			if !o.past {
				continue
			}
			b, err := o.backfill(ctx, g, daemons, shards)
			if err != nil {
				return fmt.Errorf("a backfill by %d daemons on %d shards: %w", daemons, shards, err)
			}
			if alone == 0 {
				alone = b.wall.Seconds()
			}
			b.add(past, alone)
			fmt.Println(past.Rows[len(past.Rows)-1])
		}
		for _, daemons := range o.daemons {
			if daemons < 2 || !o.turns {
				continue
			}
			list, err := o.handover(ctx, g, daemons, shards)
			if err != nil {
				return fmt.Errorf("a hand-over among %d daemons on %d shards: %w", daemons, shards, err)
			}
			for _, h := range list {
				h.add(turns, o.ttl)
				fmt.Println(turns.Rows[len(turns.Rows)-1])
			}
		}
	}
	fmt.Printf("\n%s\n\n", g.Machine(ctx))
	page := fmt.Sprintf("`%s`, %s.\n",
		report.Command("replicas"), g.Machine(ctx))
	for _, t := range []struct {
		title string
		*report.Table
	}{
		{fmt.Sprintf("Backfills of %d groups of %d actions each", o.groups, o.actions), past},
		{fmt.Sprintf("Hand-overs, `LEASE_TTL` %s, %d groups polled each second, %g actions/s", o.ttl, o.groups, o.rate), turns},
	} {
		if len(t.Rows) > 0 {
			fmt.Printf("%s\n\n%s\n", t.title, t.Text())
			page += fmt.Sprintf("\n%s:\n\n%s", t.title, t.Markdown())
		}
	}
	if o.markdown != "" {
		err = marked.Write(o.markdown, "replicas", page)
	}
	if o.plot != "" {
		err = errors.Join(err, plot(o.plot, past, turns))
	}
	return err
}
