package economy

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"aslogd/checkpoint"
)

func (l *ledger) Groups(context.Context, int) (all []checkpoint.Group, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(l.groups)) {
		all = append(all, *l.groups[id])
	}
	return all, nil
}

func (l *ledger) News(_ context.Context, _ int, since time.Time) (news []checkpoint.Group, now time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, at := range l.news {
		if !at.Before(since) {
			news = append(news, *l.groups[id])
		}
	}
	return news, time.Now(), nil
}

// SaveList takes the hints of a list.
func (l *ledger) SaveList(_ context.Context, _ checkpoint.Lease, list checkpoint.List, _ int) (r checkpoint.SaveResult, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, n := range list.Groups[list.Told:] {
		g := l.groups[n.ID]
		if g == nil {
			continue
		}
		if scaling := *n.IsScaling; scaling || g.Scaling {
			g.Scaling, g.HintedAt, l.news[n.ID] = scaling, &now, now
		}
	}
	return r, nil
}

func (l *ledger) NameGroups(context.Context, checkpoint.Lease, string, string, []string, int) error {
	return nil
}

// Grants is the tenant's budget, refilled evenly.
type grants struct {
	mu     sync.Mutex
	tokens float64
	filled time.Time
}

const mostKept = 5 // seconds' worth

func (g *grants) Take(_ context.Context, _ string, want, perMinute int) (got int, wait time.Duration, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, perSecond := time.Now(), float64(perMinute)/60
	if !g.filled.IsZero() {
		g.tokens = min(max(1, mostKept*perSecond), g.tokens+now.Sub(g.filled).Seconds()*perSecond)
	}
	g.filled = now
	got = min(want, int(g.tokens))
	g.tokens -= float64(got)
	if got == 0 {
		wait = time.Duration((1 - g.tokens) / perSecond * float64(time.Second))
	}
	return got, wait, nil
}

func (g *grants) Pause(context.Context, string, time.Time) error { return nil }
