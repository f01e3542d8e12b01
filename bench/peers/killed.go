package main

import (
	"context"
	"errors"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// half is how long it reads before it is killed, and again after it came back.
const half = 15 * time.Second

// killed has it read a living cloud, ends it with SIGKILL, starts it again after a
// while, and adds its row.
func (r *reader) killed(ctx context.Context, g *ground.Ground, o *options, t *report.Table) (err error) {
	w, err := r.world(ctx, g, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	p, err := r.live(ctx, w.place, w.cloud)
	if err != nil {
		return err
	}
	defer func() { p.Stop() }() // whichever it then is
	if err := lives(ctx, p, warm); err != nil {
		return err
	}
	from, twice := time.Now(), w.consumer.Again()
	if err := lives(ctx, p, half); err != nil {
		return err
	}
	p.Kill()
	if err := ground.Pause(ctx, o.away); err != nil {
		return err
	}
	again, err := r.live(ctx, w.place, w.cloud)
	if err != nil {
		return err
	}
	p = again
	if err := lives(ctx, p, half); err != nil {
		return err
	}
	f, err := w.judge(ctx, p, from, time.Now())
	if err != nil {
		return err
	}
	records := []any{f.recordsLost, w.consumer.Again() - twice}
	if r.tables {
		records = []any{nothing, nothing}
	}
	t.Add(append([]any{r.name, f.states, f.rowsLost, f.rowsWrong}, records...)...)
	return nil
}
