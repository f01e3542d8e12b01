package asapi_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"aslogd/ingest"
	"aslogd/ingest/asapi"
	"aslogd/internal/simulator"
)

// grants counts what is taken of a budget that is never short.
type grants struct {
	mu    sync.Mutex
	taken int
}

func (g *grants) Take(_ context.Context, _ string, want, _ int) (int, time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken++ // one at a time: all that is taken is used
	return min(want, 1), 0, nil
}

func (g *grants) Pause(context.Context, string, time.Time) error { return nil }

// counted counts what is sent.
type counted struct {
	to   http.RoundTripper
	sent atomic.Int64
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	return c.to.RoundTrip(r)
}

// What breaks: a third of the answers, in each way there is. What must hold:
// every request that reached the API, each repetition too, was paid from the
// budget, and is counted once by what came of it and once by what it was for.
func TestLaw10EveryRequestSaysWhatItWasFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, err := simulator.New(simulator.Config{
			Seed: 5, Groups: 3, ActionsPerGroup: 300, Project: "p",
			Faults: simulator.Faults{Throttle: .1, RetryAfter: "seconds", ServerError: .1, Garbage: .1, Drop: .1},
		})
		if err != nil {
			t.Fatal(err)
		}
		api := &counted{to: sim.Transport()}
		taken, registry := &grants{}, prometheus.NewRegistry()
		budget := asapi.NewBudget("s", 60_000, taken, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = budget.Run(ctx) // ends with ctx
		}()
		client, err := asapi.New(asapi.Config{
			Source: "s", URL: "https://as.example", Project: "p", Auth: asapi.None{}, Budget: budget,
			Metrics: asapi.NewMetrics(registry), Transport: api,
		})
		if err != nil {
			t.Fatal(err)
		}
		group := ""
		for group == "" {
			if page, err := client.Groups(t.Context(), ingest.Watch, 0, 100); err == nil {
				group = page.Groups[0].ID
			}
		}
		for i := range 200 {
			class := ingest.Class(i % int(ingest.Watch)) // Groups was the watch
			_, _ = client.Actions(t.Context(), class, group, ingest.Query{Limit: 100})
		}
		cancel()
		<-ended
		codes, purposes := sums(t, registry)
		reached := float64(api.sent.Load())
		if codes != reached || purposes["all"] != reached || float64(taken.taken) != reached {
			t.Errorf("%v requests reached the API; %v are counted by code, %v by purpose; %d were taken of the budget",
				reached, codes, purposes["all"], taken.taken)
		}
		for _, class := range []string{"follow", "tail", "settle", "reconcile", "backfill"} {
			if purposes[class] < 40 {
				t.Errorf("%v for %s, of 40 calls", purposes[class], class)
			}
		}
		if purposes["watch"] < 1 || reached < 220 {
			t.Errorf("%v requests, %v of them to watch: the test shows nothing", reached, purposes["watch"])
		}
	})
}

// sums are the requests by code, together, and by purpose.
func sums(t *testing.T, registry *prometheus.Registry) (codes float64, purposes map[string]float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	purposes = map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			switch family.GetName() {
			case "aslogd_api_requests_total":
				codes += m.GetCounter().GetValue()
			case "aslogd_api_requests_purpose_total":
				purposes["all"] += m.GetCounter().GetValue()
				for _, label := range m.GetLabel() {
					if label.GetName() == "purpose" {
						purposes[label.GetValue()] += m.GetCounter().GetValue()
					}
				}
			}
		}
	}
	return codes, purposes
}
