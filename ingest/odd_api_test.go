package ingest_test

import (
	"context"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"aslogd/checkpoint"
	"aslogd/ingest"
	"aslogd/ingest/asapi"
	"aslogd/internal/simulator"
)

const day = 24 * time.Hour

// An odd world is the simulated cloud, the real client and the real workers in
// one bubble of fake time. What they commit goes to a ledger, which is held
// against the cloud's truth.
type oddWorld struct {
	t      *testing.T
	sim    *simulator.Simulator
	api    *asapi.Client
	ledger *ledger
	settle []time.Duration
	poll   time.Duration
	asked  struct {
		sync.Mutex
		from map[string]time.Time // path's group: start_time of the newest read without an end_time
	}
	born time.Time
}

// slowly lets each request take its time, in which the cloud lives on.
type slowly struct {
	w    *oddWorld
	next http.RoundTripper
}

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	if from, err := time.Parse(time.RFC3339, q.Get("start_time")); err == nil && !q.Has("end_time") {
		s.w.asked.Lock()
		s.w.asked.from[path.Base(r.URL.Path)] = from
		s.w.asked.Unlock()
	}
	select {
	case <-time.After(200 * time.Millisecond):
		return s.next.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// newOddWorld must be called in a bubble.
func newOddWorld(t *testing.T, c simulator.Config) *oddWorld {
	t.Helper()
	c.Now = time.Now
	sim, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	w := &oddWorld{t: t, sim: sim, ledger: newLedger(t, c.Skew), settle: []time.Duration{time.Hour, day}, poll: time.Minute, born: time.Now()}
	w.asked.from = map[string]time.Time{}
	w.api, err = asapi.New(asapi.Config{Source: "s", URL: "https://as.example", Project: sim.Project(), Auth: asapi.None{}, Transport: slowly{w, sim.Transport()}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run reads for so long, as one process; the next run is a restart.
func (w *oddWorld) run(d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	fleet := &ingest.Fleet{
		Sources: map[string]ingest.Source{"s": {API: w.api, Project: w.sim.Project(), Backfills: make(chan struct{}, 4)}},
		Roster:  w.ledger, Sink: w.ledger, Counter: w.ledger, Settle: w.settle,
		Poll: w.poll, Follow: w.poll / 3, Horizons: &ingest.Horizons{}, Warn: func(_ ingest.Target, err error) { w.warn(err) },
	}
	watcher := &ingest.Watcher{Source: "s", Project: w.sim.Project(), API: w.api, Lister: w.ledger, Shards: 1, Interval: w.poll, Warn: w.warn}
	lease := checkpoint.Lease{Epoch: 1, Owner: "me"}
	var both errgroup.Group
	both.Go(func() error { return fleet.Run(ctx, lease) })
	both.Go(func() error { return watcher.Run(ctx, lease) })
	if err := both.Wait(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *oddWorld) warn(err error) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.ledger.warned = append(w.ledger.warned, err)
}

// A judgement is what became of one group, held against the truth.
type judgement struct {
	shown   int // actions that the truth has
	missing int // of them, those that are not stored and in no gap: a silent loss
	gapped  int // not stored, in a gap
	wrong   int // stored in another state than the last that was shown
}

// judge compares what is stored with what the cloud showed up to so long ago,
// which is the time that the reader had to find it.
func (w *oddWorld) judge(patience time.Duration) map[string]judgement {
	w.t.Helper()
	all := map[string]judgement{}
	truth := w.sim.Truth()
	due := truth.At.Add(-patience)
	for _, g := range truth.Groups {
		var j judgement
		w.ledger.mu.Lock()
		rows, known := w.ledger.rows[g.ID], w.ledger.groups[g.ID]
		w.ledger.mu.Unlock()
		for _, a := range g.Actions {
			first := a.States[0].Since
			if first.After(due) || !a.Expires.IsZero() && !a.Expires.After(first) {
				continue
			}
			j.shown++
			k := rows[a.ID]
			if k == nil && known != nil {
				if gaps := known.Lost.Add(w.ledger.unproven(g.ID)...); gaps.Contains(ingest.Span{From: a.Start, To: a.Start.Add(time.Second)}) {
					j.gapped++
					continue
				}
			}
			if k == nil {
				if j.missing++; j.missing < 4 {
					w.t.Errorf("group %s: %s, started %s, shown since %s, expires %s, is nowhere", g.ID, a.ID, a.Start, first, a.Expires)
				}
				continue
			}
			if last := a.Last(); !last.Since.After(due) && string(k.Raw) != string(last.Raw) {
				if j.wrong++; j.wrong < 4 {
					w.t.Errorf("group %s: %s, started %s: its state since %s is not stored", g.ID, a.ID, a.Start, last.Since)
				}
			}
		}
		if known != nil {
			for reason, spans := range w.ledger.lost[g.ID] {
				if both := known.Covered.Add().Length() + spans.Length() - known.Covered.Add(spans...).Length(); both > 0 {
					w.t.Errorf("group %s: %s of the %s gap is covered too", g.ID, both, reason)
				}
			}
		}
		all[g.ID] = j
	}
	return all
}

// requireComplete fails unless everything is stored as it was last shown, there
// is no gap, and reading is up to date.
func (w *oddWorld) requireComplete(patience time.Duration) {
	w.t.Helper()
	for id, j := range w.judge(patience) {
		g := w.ledger.get(id)
		if j.gapped > 0 || len(g.Lost) > 0 || len(w.ledger.unproven(id)) > 0 {
			w.t.Errorf("group %s: %d of %d in gaps: lost %v, unproven %v", id, j.gapped, j.shown, g.Lost, w.ledger.unproven(id))
		}
		w.requireLag(id, patience)
	}
	if w.t.Failed() {
		w.ledger.mu.Lock()
		defer w.ledger.mu.Unlock()
		w.t.Log(w.ledger.counts, w.sim.Counts())
		for _, err := range w.ledger.warned[:min(len(w.ledger.warned), 5)] {
			w.t.Log(err)
		}
	}
}

func (w *oddWorld) requireLag(id string, most time.Duration) {
	w.t.Helper()
	if lag := time.Since(w.ledger.get(id).Covered.End()) + w.ledger.skew; lag > most {
		w.t.Errorf("group %s: covered up to %s ago", id, lag)
	}
}
