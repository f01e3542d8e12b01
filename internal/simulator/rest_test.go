package simulator

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A world at rest: what has begun ends, nothing begins, and every request is
// answered though half of them were refused before.
func TestRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{Seed: 5, Groups: 2, ActionsPerGroup: 20, LiveRate: 5, Lasting: 10 * time.Second,
			Faults: Faults{Drift: 1, Throttle: 0.5, ServerError: 0.5, Late: 0.5, LateBy: 5 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		s.Rest()
		time.Sleep(30 * time.Second)
		before := census(s)
		client := &http.Client{Transport: s.Transport()}
		for range 50 {
			answer, err := client.Get("http://as/autoscaling-api/v2/" + s.Project() + "/scaling_activity_log/" + s.groups[0].id + "?start_number=5")
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("%v, %+v", err, answer)
			}
			answer.Body.Close()
		}
		time.Sleep(time.Hour)
		if after := census(s); after != before || after.doing > 0 || after.actions < 100 {
			t.Errorf("%+v is not %+v at rest", after, before)
		}
	})
}

type tally struct{ actions, doing int }

func census(s *Simulator) (n tally) {
	for _, g := range s.Truth().Groups {
		for i := range g.Actions {
			n.actions++
			if g.Actions[i].Status == "DOING" {
				n.doing++
			}
		}
	}
	return n
}
