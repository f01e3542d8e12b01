package simulator_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/internal/simulator"
)

// A group may be slow, another may fail, whatever is asked of them; the others
// and the list do not notice, and all polls are told. At rest all are well.
func TestAGroupIsSlowAndAnotherFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, err := simulator.New(simulator.Config{Seed: 1, Groups: 3, ActionsPerGroup: 10, Faults: simulator.Faults{
			SlowGroups: 1, SlowFor: 20 * time.Second, FailGroups: 1,
		}})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{Simulator: sim, t: t, client: &http.Client{Transport: sim.Transport()}}
		groups := sim.Polls()
		ask := func(group int, params ...string) (status int, took time.Duration) {
			began := time.Now()
			resp, _ := w.get(w.logPath(groups[group].Group, params...))
			return resp.StatusCode, time.Since(began)
		}
		for range 3 {
			if status, took := ask(0); status != http.StatusOK || took != 20*time.Second {
				t.Errorf("the slow one: %d after %s", status, took)
			}
			if status, took := ask(1); status < 500 || took != 0 {
				t.Errorf("the failing one: %d after %s", status, took)
			}
			if status, took := ask(2); status != http.StatusOK || took != 0 {
				t.Errorf("the third: %d after %s", status, took)
			}
		}
		ask(2, "end_time", "2026-03-01T00:00:00Z") // a past is no poll
		ask(2, "start_number", "5")
		for i, polls := range sim.Polls() {
			if len(polls.At) != 3 || polls.Faulty != (i < 2) {
				t.Errorf("group %d: %+v", i, polls)
			}
		}
		sim.Rest()
		for group := range groups {
			if status, took := ask(group); status != http.StatusOK || took != 0 {
				t.Errorf("at rest, group %d: %d after %s", group, status, took)
			}
		}
	})
}
