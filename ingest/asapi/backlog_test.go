package asapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

// A stuck sink keeps what it is given until it is let go on, and keeps whatever
// becomes durable of how far groups are read.
type stuck struct {
	mu     sync.Mutex
	open   chan struct{}
	groups map[string]*checkpoint.Group
	bytes  int
	most   int
	rows   map[string]map[string]bool
}

func (s *stuck) Commit(ctx context.Context, b *ingest.Batch) (ingest.Outcome, error) {
	size := 0
	for _, a := range b.Actions {
		size += len(a.Raw)
	}
	count := func(by int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bytes += by
		s.most = max(s.most, s.bytes)
	}
	count(size)
	defer count(-size)
	select {
	case <-s.open:
	case <-ctx.Done():
		return ingest.Outcome{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[b.Target.Group]
	for _, a := range b.Actions {
		s.rows[g.ID][a.ID] = true
	}
	g.Covered = g.Covered.Add(b.Covered...)
	return ingest.Outcome{New: len(b.Actions)}, nil
}

func (s *stuck) Groups(context.Context, int) (all []checkpoint.Group, _ error) {
	for _, g := range s.groups {
		all = append(all, *g)
	}
	return all, nil
}

func (s *stuck) News(context.Context, int, time.Time) ([]checkpoint.Group, time.Time, error) {
	return nil, time.Now(), nil
}

// What breaks: Postgres takes nothing for six minutes, while eighty groups
// have a page after the other to store, new ones and past ones.
// What must hold: what waits for its commit stays within the bound, nothing
// blocks for ever afterwards, and all room is given back.
func TestLaw09PagesThatWaitForTheirCommitAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const groups, rows, wide = 80, 130, 1000
		start := time.Now().Add(-time.Hour)
		pad := strings.Repeat("x", wide)
		cloud := &fakeCloud{reply: func(_ int, req *http.Request) (*http.Response, error) {
			time.Sleep(100 * time.Millisecond)
			q := req.URL.Query()
			from, _ := time.Parse(time.RFC3339, q.Get("start_time"))
			to, err := time.Parse(time.RFC3339, q.Get("end_time"))
			if err != nil {
				to = time.Now()
			}
			at, _ := strconv.Atoi(q.Get("start_number"))
			limit, _ := strconv.Atoi(q.Get("limit"))
			var shown []int
			for i := rows - 1; i >= 0; i-- {
				if began := start.Add(time.Duration(i) * 20 * time.Second); !began.Before(from) && !began.After(to) {
					shown = append(shown, i)
				}
			}
			var page []string
			for _, i := range shown[min(at, len(shown)):min(at+limit, len(shown))] {
				began := start.Add(time.Duration(i) * 20 * time.Second).UTC().Format(time.RFC3339)
				page = append(page, fmt.Sprintf(`{"id":"a%d","start_time":"%s","end_time":"%s","status":"SUCCESS","x":"%s"}`, i, began, began, pad))
			}
			return reply(200, fmt.Sprintf(`{"total_number":%d,"scaling_activity_log":[%s]}`, len(shown), strings.Join(page, ",")))
		}}
		s := &stuck{open: make(chan struct{}), groups: map[string]*checkpoint.Group{}, rows: map[string]map[string]bool{}}
		for i := range groups {
			id := fmt.Sprint("g", i)
			g := &checkpoint.Group{ID: id, Source: "s", Known: true, From: start.Add(-time.Hour), TailFrom: start.Add(43 * time.Minute)}
			s.groups[id], s.rows[id] = g, map[string]bool{}
		}
		c := newClient(t, cloud, None{}, nil)
		const room = 4 << 20 // a small one: no page here is large
		c.cfg.Memory = &Memory{room: semaphore.NewWeighted(room), size: room}
		f := &ingest.Fleet{
			Sources: map[string]ingest.Source{"s": {API: c, Project: "p", Backfills: make(chan struct{}, 50)}}, Roster: s, Sink: s,
			Poll: 5 * time.Minute, Horizons: &ingest.Horizons{}, Warn: func(_ ingest.Target, err error) { t.Log(err) },
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		go func() {
			time.Sleep(6 * time.Minute)
			close(s.open)
		}()
		if err := f.Run(ctx, checkpoint.Lease{Epoch: 1}); err != nil {
			t.Fatal(err)
		}
		for id, stored := range s.rows {
			if len(stored) != rows {
				t.Errorf("%s: %d of %d stored", id, len(stored), rows)
			}
		}
		t.Logf("at most %d KiB of records waited", s.most>>10)
		if s.most > int(c.cfg.Memory.size) || s.most < int(c.cfg.Memory.size)/20 {
			t.Errorf("%d KiB waited for their commit", s.most>>10)
		}
		if !c.cfg.Memory.allFree() {
			t.Error("room was not given back")
		}
	})
}
