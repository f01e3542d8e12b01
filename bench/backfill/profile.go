package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// Where the daemon's CPU time goes, by the first of these that is found in a
// sample's stack, from the innermost call outwards.
var stageOf = []struct{ stage, function string }{
	{"compress for Kafka", "klauspost/compress"},
	{"compress for Kafka", "kafka-go/compress"},
	{"garbage collection", "runtime.gcBgMarkWorker"},
	{"garbage collection", "runtime.gcAssistAlloc"},
	{"garbage collection", "runtime.bgsweep"},
	{"decode and normal form", "aslogd/ingest/action."},
	{"COPY and other statements", "jackc/pgx"},
	{"batches and Kafka's protocol", "segmentio/kafka-go"},
	{"batches and Kafka's protocol", "aslogd/sink/broker."},
	{"HTTP", "net/http."},
	{"pages", "aslogd/ingest/asapi."},
	{"scan and proof", "aslogd/ingest."},
	{"values for the topics", "aslogd/sink.append"},
	{"values for the topics", "aslogd/sink.headers"},
	{"values for the topics", "aslogd/sink.batches"},
	{"relay", "aslogd/sink.(*Relay)"},
	{"diff, chain and commit", "aslogd/sink."},
	{"leases and checkpoints", "aslogd/checkpoint."},
}

// showProfile says where the CPU time of one backfill goes.
func (o *options) showProfile(ctx context.Context, g *ground.Ground, cloud *ground.Cloud) error {
	place, err := g.Place(ctx)
	if err != nil {
		return err
	}
	at, err := ground.FreeAddress()
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := g.Daemon(ctx, place, cloud, "/healthz", "PROFILE_ADDR="+at)
	if err != nil {
		return err
	}
	defer p.Stop()
	ended, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = place.Await(ctx, began, cloud.All()) // a profile of the time up to a failure tells as well
		stop()
	}()
	var parts []*profile.Profile
	for ended.Err() == nil { // each part a second, so that the last is lost at most
		part, err := second(ctx, "http://"+at)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	all, err := profile.Merge(parts)
	if err != nil {
		return fmt.Errorf("join the profiles: %w", err)
	}
	fmt.Print(byStage(all, cloud.All()).Text())
	if o.pprof == "" {
		return nil
	}
	file, err := os.Create(o.pprof)
	if err != nil {
		return fmt.Errorf("keep the profile: %w", err)
	}
	return errors.Join(all.Write(file), file.Close())
}

func second(ctx context.Context, url string) (*profile.Profile, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/debug/pprof/profile?seconds=1", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the daemon for its profile: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read the daemon's profile: %w", err)
	}
	return profile.ParseData(body)
}

func byStage(p *profile.Profile, actions int) *report.Table {
	took, all := map[string]int64{}, int64(0)
	for _, s := range p.Sample {
		took[stage(s)] += s.Value[1]
		all += s.Value[1]
	}
	t := &report.Table{Header: []string{"stage of the daemon", "CPU ms per 1,000", "share"}}
	seen := map[string]bool{}
	row := func(name string) {
		if !seen[name] {
			seen[name] = true
			t.Add(name, fmt.Sprintf("%.1f", float64(took[name])/1e3/float64(actions)), fmt.Sprintf("%.0f %%", 100*float64(took[name])/float64(max(1, all))))
		}
	}
	for _, s := range stageOf {
		row(s.stage)
	}
	row(rest)
	return t
}

const rest = "runtime and all else"

func stage(s *profile.Sample) string {
	for _, location := range s.Location {
		for _, line := range location.Line {
			for _, known := range stageOf {
				if strings.Contains(line.Function.Name, known.function) {
					return known.stage
				}
			}
		}
	}
	return rest
}
