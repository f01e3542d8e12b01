package main

import (
	"context"
	"fmt"
	"strings"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// A scene is what everybody has to do.
type scene struct {
	about  string
	header []string
	start  func(*reader) start                                                           // nil: it is left out
	do     func(*reader, context.Context, *ground.Ground, *options, *report.Table) error // adds a row
}

func (o *options) scenes() []scene {
	scenes := []scene{{
		fmt.Sprintf("A backfill of %d actions in %d groups:", o.groups*o.actions, o.groups),
		[]string{"", "rows lost", "rows twice", "records lost", "records twice", "seconds", "CPU ms per 1,000", "itself", "Postgres", "Kafka", "peak MiB", "requests ÷ fewest"},
		func(r *reader) start { return r.backfill },
		(*reader).readPast,
	}}
	live := func(r *reader) start { return r.live }
	load := fmt.Sprintf("%d groups polled each second, %g actions/s", o.groups, o.rate)
	if o.runs > 0 {
		scenes = append(scenes, scene{
			fmt.Sprintf("%s, for %s:", load, o.runs),
			[]string{"", "states", "rows lost", "rows wrong", "records lost", "records twice", "row p50 s", "row p99 s", "record p50 s", "record p99 s", "CPU s/min itself", "Postgres", "Kafka", "peak MiB", "requests/min"},
			live,
			(*reader).follow,
		})
	}
	if o.away > 0 {
		scenes = append(scenes, scene{
			fmt.Sprintf("%s; each ended with SIGKILL and started again %s later:", load, o.away),
			[]string{"", "states", "rows lost", "rows wrong", "records lost", "records twice"},
			live,
			(*reader).killed,
		})
	}
	return scenes
}

// play has everybody do it.
func (s *scene) play(ctx context.Context, g *ground.Ground, o *options, all []reader) (*report.Table, error) {
	t := &report.Table{Header: s.header}
	for _, r := range all {
		if s.start(&r) == nil || !strings.Contains(r.name, o.only) {
			continue
		}
		fmt.Printf("  %s …\n", r.name)
		if err := s.do(&r, ctx, g, o, t); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return t, nil
}
