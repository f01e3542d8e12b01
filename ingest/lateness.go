package ingest

import (
	"math"
	"time"
)

// latenessHalves is how long a lateness takes to count for half: one bad day of
// the API must not widen every poll for ever. The checkpoint's fades as fast (see
// commit_checkpoint.sql).
const latenessHalves = 7 * 24 * time.Hour

// faded is what the group's lateness counts for now.
func (w *worker) faded(now time.Time) time.Duration {
	age := max(0, now.Sub(w.aged))
	return time.Duration(float64(w.group.Lateness) * math.Exp2(-float64(age)/float64(latenessHalves)))
}

// fade takes a lateness that is durable now into the group's, faded by then.
// What was measured and is no greater than that need not be told.
func (w *worker) fade(told time.Duration, now time.Time) {
	w.group.Lateness, w.aged = max(w.faded(now), told), now
	if w.late <= w.group.Lateness {
		w.late = 0
	}
}
