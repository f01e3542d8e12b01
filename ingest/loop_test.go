package ingest

import (
	"errors"
	"slices"
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

// What breaks: an answer fails where polls are a day apart. What must hold: the group
// is asked for again within minutes, ever less often, and once it answered at its
// place.
func TestAFailedPollDoesNotWaitForTheNextPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		var asked []time.Duration
		began := time.Now()
		c.weather = func(n int, _ string, _ Query) error {
			asked = append(asked, time.Since(began).Round(time.Minute))
			if n < 3 {
				return errors.New("503")
			}
			return nil
		}
		g := found("g", time.Hour)
		m := newMemory(t, c, g)
		f := m.fleet()
		f.Poll = 24 * time.Hour
		if err := m.run(f, 47*time.Hour); err != nil {
			t.Fatal(err)
		}
		if len(asked) < 5 || len(asked) > 6 || !slices.Equal(asked[:4], []time.Duration{0, time.Minute, 3 * time.Minute, 7 * time.Minute}) {
			t.Errorf("asked %v after the start", asked)
		}
	})
}

// What breaks: nobody reads a group at its place, for the shard changed hands, where
// polls are an hour apart. What must hold: it is polled soon after, not an hour later;
// one whose place was not missed is polled at it.
func TestAStartMakesUpForAPlaceThatWasMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, missed := range []bool{true, false} {
			c := newCloud()
			g := found("g", 24*time.Hour)
			w := &worker{poll: time.Hour, group: g}
			if !missed {
				time.Sleep(w.untilPoll(time.Now())) // it was polled at its place, and
			}
			front := time.Now().Add(-2 * time.Second).Truncate(time.Second)
			if missed {
				front = front.Add(-time.Hour - time.Minute)
			}
			g.Known, g.From, g.TailFrom = true, front, front
			time.Sleep(time.Minute) // for so long nobody has the shard
			at := w.untilPoll(time.Now())
			if at < 2*time.Minute {
				t.Fatal("the place is too near to tell")
			}
			m := newMemory(t, c, g)
			f := m.fleet()
			f.Poll = time.Hour
			end := m.side(f, 2*time.Hour)
			time.Sleep(at - time.Second)
			synctest.Wait()
			if sent := c.sent(); (sent > 0) != missed {
				t.Errorf("place missed: %t; %d requests before the next", missed, sent)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if sent := c.sent(); missed && sent != 2 || !missed && sent != 1 {
				t.Errorf("place missed: %t; %d requests until the next", missed, sent)
			}
			end()
		}
	})
}
