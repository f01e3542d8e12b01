package asapi

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/action"
)

// A land is many groups behind one short budget: the API, and what stands for
// Postgres. Each active group begins an action every few minutes, which ends at once.
type land struct {
	budget *Budget
	every  time.Duration
	active func(id string, at time.Time) bool
	began  time.Time
	groups []checkpoint.Group

	mu     sync.Mutex
	polls  map[string][]time.Time
	stored map[string]bool
}

func (l *land) Groups(context.Context, int) ([]checkpoint.Group, error) { return l.groups, nil }

func (l *land) News(context.Context, int, time.Time) ([]checkpoint.Group, time.Time, error) {
	return nil, time.Now(), nil
}

// Actions answers from the second on in which the budget lets it.
func (l *land) Actions(ctx context.Context, class ingest.Class, group string, q ingest.Query) (*ingest.Page, error) {
	if err := l.budget.Wait(ctx, class, q.Due); err != nil {
		return nil, err
	}
	now := time.Now()
	page := &ingest.Page{Asked: now, Date: now.Truncate(time.Second), Limit: q.Limit, Echoed: true}
	for at := now.Truncate(l.every); !at.Before(q.From) && at.After(l.began); at = at.Add(-l.every) {
		if l.active(group, at) {
			status := "SUCCESS"
			id := fmt.Sprint(group, at.Unix())
			page.Actions = append(page.Actions, &action.Action{ID: id, Status: &status, StartTime: &at, Hash: []byte(id)})
		}
	}
	page.Total = len(page.Actions)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.polls[group] = append(l.polls[group], now)
	return page, nil
}

func (l *land) Commit(_ context.Context, b *ingest.Batch) (out ingest.Outcome, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range b.Actions {
		if !l.stored[a.ID] {
			out.New++
		}
		l.stored[a.ID] = true
	}
	return out, nil
}

// api is the land as its groups' workers see it.
type api struct{ *land }

func (api) Groups(context.Context, ingest.Class, int, int) (*ingest.GroupPage, error) {
	return &ingest.GroupPage{}, nil
}

// The length of a test, and how rarely each of a hundred groups is polled where 20
// requests a minute are shared evenly.
const (
	crowdOf = 100
	evenly  = crowdOf * time.Minute / 20
	hours   = 6 * time.Hour
)

// poll has all groups read for some hours; newest is when the newest action of each
// had started by then. It returns how long each then waited from poll to poll.
func poll(t *testing.T, active func(id string, at time.Time) bool, newest func(id string) time.Duration) (waits map[string][]time.Duration) {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	l := &land{every: 4 * time.Minute, active: active, began: now, polls: map[string][]time.Time{}, stored: map[string]bool{}}
	for i := range crowdOf {
		id := fmt.Sprintf("g%02d", i)
		l.groups = append(l.groups, checkpoint.Group{
			ID: id, Source: "s", Known: true, From: now.Add(-time.Hour), TailFrom: now.Add(-time.Hour), Newest: now.Add(-newest(id)),
			Covered: checkpoint.Coverage{{From: now.Add(-time.Hour), To: now.Add(-time.Minute)}},
		})
	}
	b, stop := running(t, 20, &purse{}, nil)
	l.budget = b
	f := &ingest.Fleet{
		Sources: map[string]ingest.Source{"s": {API: api{l}, Backfills: make(chan struct{}, 1)}}, Roster: l, Sink: l,
		Poll: time.Minute, Horizons: &ingest.Horizons{}, Warn: func(_ ingest.Target, err error) { t.Error(err) },
	}
	ctx, cancel := context.WithTimeout(t.Context(), hours)
	defer cancel()
	if err := f.Run(ctx, checkpoint.Lease{Epoch: 1}); err != nil {
		t.Fatal(err)
	}
	stop()
	waits = map[string][]time.Duration{}
	for id, polls := range l.polls {
		last := now
		for _, at := range append(polls, now.Add(hours)) {
			waits[id], last = append(waits[id], at.Sub(last)), at
		}
	}
	return waits
}

func days(string) time.Duration   { return 10 * 24 * time.Hour }
func lately(string) time.Duration { return 4 * time.Minute }

// What breaks: a hundred groups share 20 requests a minute, and something happens in
// five of them. What must hold: these are polled once a minute, from a start on; each
// of the others at least half as often as if all were polled in turn.
func TestLaw10GroupsWithRecentNewsArePolledFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		active := func(id string) bool { return id < "g05" }
		waits := poll(t, func(id string, _ time.Time) bool { return active(id) }, func(id string) time.Duration {
			if active(id) {
				return lately(id)
			}
			return days(id)
		})
		if len(waits) != crowdOf {
			t.Errorf("%d groups were polled", len(waits))
		}
		for id, times := range waits {
			most := 2 * evenly
			if active(id) {
				most = 75 * time.Second
			}
			for _, d := range times {
				if d > most {
					t.Errorf("%s, active %t, waited %s for a poll, not at most %s", id, active(id), d, most)
				}
			}
		}
	})
}

// What breaks: more of the groups are active than the budget can poll each minute.
// What must hold: those at rest are polled half as often as in turn, and no less.
func TestLaw10GroupsAtRestKeepHalfOfThePolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		active := func(id string) bool { return id < "g50" }
		waits := poll(t, func(id string, _ time.Time) bool { return active(id) }, days)
		for id, times := range waits {
			for _, d := range times {
				if !active(id) && d > 2*evenly {
					t.Errorf("%s, at rest, waited %s for a poll, not at most %s", id, d, 2*evenly)
				}
			}
			if n := len(times); active(id) && n < int(hours/evenly) {
				t.Errorf("%s, active, was polled %d times, less than in turn", id, n)
			}
		}
	})
}

// Where all groups are active, or all rest, they are polled in turn.
func TestLaw10GroupsThatAreAlikeArePolledInTurn(t *testing.T) {
	t.Parallel()
	for name, active := range map[string]bool{"active": true, "at rest": false} {
		synctest.Test(t, func(t *testing.T) {
			newest := days
			if active {
				newest = lately
			}
			for id, times := range poll(t, func(string, time.Time) bool { return active }, newest) {
				for _, d := range times[1 : len(times)-1] { // the last is cut off by the end
					if d < evenly-30*time.Second || d > evenly+30*time.Second {
						t.Errorf("all %s: %s waited %s, not about %s", name, id, d, evenly)
					}
				}
			}
		})
	}
}

// What breaks: groups that were active rest from then on. What must hold: they are
// polled each minute while they are active and a while longer, then ever less often,
// and in the end as often as the others.
func TestLaw10WhatWasNewsFades(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rest = 2 * time.Hour
		began := time.Now()
		active := func(id string, at time.Time) bool { return id < "g05" && at.Before(began.Add(rest)) }
		for id, times := range poll(t, active, days) {
			at := time.Duration(0)
			for _, d := range times[:len(times)-1] { // the last is cut off by the end
				at += d
				switch {
				case at < rest/6: // what is active may not be known yet
				case at > rest+24*evenly:
					if d < evenly-30*time.Second || d > evenly+30*time.Second {
						t.Errorf("%s, %s after the last news, waited %s, not about %s", id, at-rest, d, evenly)
					}
				case id < "g05":
					if most := max((at-rest)/20, 45*time.Second) + 30*time.Second; d > most {
						t.Errorf("%s, %s after its last news, waited %s, not at most %s", id, at-rest, d, most)
					}
				}
			}
		}
	})
}
