package ingest

import (
	"testing"
	"testing/synctest"
	"time"
)

// What a source showed last month it may have forgotten: the horizon moves on
// with the clock.
func TestTheHorizonMovesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		h := &Horizons{}
		h.note("s", 30*day)
		h.note("s", time.Hour) // a younger row takes nothing back
		time.Sleep(20 * day)
		ago := func(d time.Duration) *time.Time { at := time.Now().Add(-d); return &at }
		for _, c := range []struct {
			name    string
			created *time.Time
			empty   bool
		}{
			{"after the horizon", ago(29 * day), true},
			{"before it, after the oldest row that was ever shown", ago(35 * day), false},
			{"before all", ago(60 * day), false},
			{"not told", nil, false},
		} {
			if empty, decided := h.empty("s", c.created); empty != c.empty || !decided {
				t.Errorf("%s: empty %v, decided %v", c.name, empty, decided)
			}
		}
		if empty, _ := h.empty("another", ago(time.Hour)); empty {
			t.Error("a source that has shown nothing has no horizon")
		}
	})
}
