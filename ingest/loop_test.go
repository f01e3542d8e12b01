package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// Rounds that take longer than the interval, as where a quiet commit waits for
// company, follow one another at once; and none is made twice.
func TestASlowRoundLeavesNoPlaceOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		commit      time.Duration // how long one takes
		least, most int           // requests in ten minutes
	}{
		"quick": {50 * time.Millisecond, 119, 121},
		"slow":  {5100 * time.Millisecond, 115, 121},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud()
				m := newMemory(t, cloud, tailed("g"))
				m.latency = c.commit
				f := m.fleet()
				f.Poll = 5 * time.Second
				if err := m.run(f, 10*time.Minute); err != nil {
					t.Fatal(err)
				}
				if n := len(cloud.asked); n < c.least || n > c.most {
					t.Errorf("%d requests in ten minutes, want %d to %d", n, c.least, c.most)
				}
			})
		})
	}
}
