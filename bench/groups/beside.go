package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
	"aslogd/internal/simulator"
)

// beside measures what one group that answers slowly, and one that only
// fails, do to all the others: how long each of those goes unpolled, by the
// cloud's own notes, and how far behind each is.
func (o *options) beside(ctx context.Context, g *ground.Ground) error {
	t := &report.Table{Header: []string{fmt.Sprintf("%d groups", o.most), "polls of the others", "between two polls p50 s", "p99 s", "longest unpolled s", "lag p99 s", "polls of the two"}}
	for _, faulty := range []int{0, 1} {
		name := "all of them well"
		if faulty > 0 {
			name = fmt.Sprintf("one answers after %s, one fails", o.slowFor)
		}
		fmt.Printf("%s …\n", name)
		n, err := o.watch(ctx, g, faulty)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.Add(name, len(n.intervals), fmt.Sprintf("%.1f", report.Quantile(n.intervals, 0.5)), fmt.Sprintf("%.1f", report.Quantile(n.intervals, 0.99)),
			fmt.Sprintf("%.1f", slices.Max(n.longest)), fmt.Sprintf("%.1f", n.lag), n.faulty)
		fmt.Println(t.Rows[len(t.Rows)-1])
	}
	fmt.Printf("\n%s, each watched for %s\n\n%s", g.Machine(ctx), o.watched, t.Text())
	if o.markdown == "" {
		return nil
	}
	return marked.Write(o.markdown, "neighbours", fmt.Sprintf("`%s`, %s, each watched for %s.\n\n%s",
		report.Command("groups"), g.Machine(ctx), o.watched, t.Markdown()))
}

// polls are what was seen of a fleet, in seconds.
type polls struct {
	intervals []float64 // between two polls of a group that is well, of which the second was watched
	longest   []float64 // time unpolled of each such group, up to the watch's end
	faulty    int       // polls of those that are not well
	lag       float64   // p99 of the groups that are well
}

// watch counts the polls of a fleet in which so many groups are slow, and as many fail.
func (o *options) watch(ctx context.Context, g *ground.Ground, faulty int) (n *polls, err error) {
	place, err := g.Place(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Drop(ctx)) }()
	cloud, err := g.Cloud(ctx, o.most, 2, "--live", "0", "--slow-groups", fmt.Sprint(faulty), "--fail-groups", fmt.Sprint(faulty), "--slow-for", o.slowFor.String())
	if err != nil {
		return nil, err
	}
	defer cloud.Stop()
	p, err := g.Daemon(ctx, place, cloud, "/healthz", "ASLOGD_POLL_INTERVAL=1m")
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	well := o.most - 2*faulty
	if _, err := place.Await(ctx, time.Now(), 2*well); err != nil {
		return nil, err
	}
	// Until each of the others was polled in its own place of the interval.
	if err := ground.Pause(ctx, 70*time.Second); err != nil {
		return nil, err
	}
	from := time.Now()
	if err := ground.Pause(ctx, o.watched); err != nil {
		return nil, err
	}
	all, err := simulator.FetchPolls(ctx, cloud.URL)
	if err != nil {
		return nil, err
	}
	n = count(all, from, time.Now())
	ill := []string{}
	for _, p := range all {
		if p.Faulty {
			ill = append(ill, p.Group)
		}
	}
	const lagSQL = "SELECT coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY lag_seconds), 0)::float8 FROM aslog.group_lag WHERE group_id <> ALL ($1)"
	if err := place.DB.QueryRow(ctx, lagSQL, ill).Scan(&n.lag); err != nil {
		return nil, fmt.Errorf("ask how far behind the groups are: %w", err)
	}
	return n, nil
}

// count sorts out the polls between two moments.
func count(all []simulator.Polls, from, to time.Time) *polls {
	n := &polls{longest: []float64{0}}
	for _, g := range all {
		last, longest := from, 0.0
		for _, at := range g.At {
			watched := at.After(from) && !at.After(to)
			switch {
			case watched && g.Faulty:
				n.faulty++
			case watched:
				n.intervals = append(n.intervals, at.Sub(last).Seconds())
				longest = max(longest, at.Sub(last).Seconds())
			}
			last = at
		}
		if !g.Faulty {
			n.longest = append(n.longest, max(longest, to.Sub(last).Seconds()))
		}
	}
	return n
}
