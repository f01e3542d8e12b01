// Command freshness measures how long it takes from when the API first shows a
// state of an action until its row is written and until its record can be read
// from Kafka at read_committed:
//
//	go run ./internal/testenv/serve -- go run ./bench/freshness
//
// A row's time is its recorded_at, which its commit follows by milliseconds; a
// record's, when a consumer in this process has it. Both are on this machine's
// clock, as is the simulated cloud.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"aslogd/bench/arrivals"
	"aslogd/bench/ground"
	"aslogd/bench/report"
	"aslogd/internal/marked"
	"aslogd/sink/broker"
)

// A scene is a fleet, how it lives, and how it is read.
type scene struct {
	name     string
	groups   int
	active   int     // groups that act; 0: all
	rate     float64 // actions a second in all
	settings []string
	budget   string        // a setting that counts once the past is read: reading that would take all of it for long
	wait     time.Duration // until the daemon has read what there was
	runs     time.Duration
}

var scenes = []scene{
	{name: "40 groups polled each second, 20 actions/s", groups: 40, rate: 20, wait: 10 * time.Second, runs: 90 * time.Second,
		settings: []string{"ASLOGD_POLL_INTERVAL=1s", "ASLOGD_WATCH_INTERVAL=1s"}},
	{name: "500 groups, 10 active, 60 requests/min, watch", groups: 500, active: 10, rate: 0.05, wait: time.Minute, runs: 10 * time.Minute,
		budget: "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=60"},
	{name: "the same without the watch", groups: 500, active: 10, rate: 0.05, wait: time.Minute, runs: 10 * time.Minute,
		budget: "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=60", settings: []string{"ASLOGD_WATCH_INTERVAL=0"}},
}

func main() {
	markdown := flag.String("markdown", "", "page that the table is written into, between <!-- freshness --> and its end")
	picture := flag.String("plot", "", "SVG file that is made of it")
	only := flag.Int("scene", 0, "run this one alone: 1 to 3")
	flag.Parse()
	ground.Main("freshness", 0, func(ctx context.Context) error { return run(ctx, *only, *markdown, *picture) })
}

func run(ctx context.Context, only int, markdown, picture string) error {
	g, err := ground.New(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	t := &report.Table{Header: []string{"", "states", "row p50 s", "row p99 s", "record p50 s", "record p99 s", "published twice", "never published", "daemon CPU s/min", "Postgres CPU s/min", "requests/min"}}
	for i, s := range scenes {
		if only > 0 && i+1 != only {
			continue
		}
		fmt.Printf("%s, for %s …\n", s.name, s.runs)
		if err := s.measure(ctx, g, t); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	fmt.Printf("\n%s\n\n%s", g.Machine(ctx), t.Text())
	if markdown != "" {
		err = marked.Write(markdown, "freshness", fmt.Sprintf("`%s`, %s.\n\n%s",
			report.Command("freshness"), g.Machine(ctx), t.Markdown()))
	}
	if picture != "" {
		err = errors.Join(err, plot(picture, t))
	}
	return err
}

// readPast has a daemon of its own read what there is, without the budget.
func (s *scene) readPast(ctx context.Context, g *ground.Ground, place *ground.Place, cloud *ground.Cloud) error {
	p, err := g.Daemon(ctx, place, cloud, "/healthz")
	if err != nil {
		return err
	}
	defer p.Stop()
	return place.Covered(ctx, "source0", s.groups)
}

// measure runs a scene and adds its row.
func (s *scene) measure(ctx context.Context, g *ground.Ground, t *report.Table) (err error) {
	place, err := g.Place(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Drop(ctx)) }()
	cloud, err := g.Cloud(ctx, s.groups, 20, "--live", fmt.Sprint(s.rate), "--active", fmt.Sprint(s.active), "--lasting", "8s")
	if err != nil {
		return err
	}
	defer cloud.Stop()
	consumer, err := arrivals.Consume(ctx, g.Kafka, broker.ActionsTopic(place.Prefix))
	if err != nil {
		return err
	}
	defer consumer.Close()
	settings := s.settings
	if s.budget != "" {
		if err := s.readPast(ctx, g, place, cloud); err != nil {
			return err
		}
		settings = append([]string{s.budget}, settings...)
	}
	p, err := g.Daemon(ctx, place, cloud, "/healthz", settings...)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := ground.Pause(ctx, s.wait); err != nil {
		return err
	}
	before, err := g.Spent(ctx, p, cloud)
	if err != nil {
		return err
	}
	from := time.Now()
	if err := ground.Pause(ctx, s.runs); err != nil {
		return err
	}
	to := time.Now()
	after, err := g.Spent(ctx, p, cloud)
	if err != nil {
		return err
	}
	// What was shown last has to arrive too.
	if err := ground.Pause(ctx, 2*s.wait); err != nil {
		return err
	}
	f, err := compare(ctx, place, cloud, consumer, from, to)
	if err != nil {
		return err
	}
	perMinute := func(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()/s.runs.Minutes()) }
	second := func(values []float64, q float64) string { return fmt.Sprintf("%.2f", report.Quantile(values, q)) }
	t.Add(s.name, len(f.records), second(f.rows, 0.5), second(f.rows, 0.99), second(f.records, 0.5), second(f.records, 0.99),
		f.twice, f.missing, perMinute(after.Daemon-before.Daemon), perMinute(after.Postgres-before.Postgres),
		fmt.Sprintf("%.0f", float64(after.Requests-before.Requests)/s.runs.Minutes()))
	return nil
}
