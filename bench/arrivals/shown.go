package arrivals

import (
	"iter"
	"time"

	"aslogd/internal/simulator"
)

// A Shown is a state that the cloud began to show at a moment.
type Shown struct {
	State
	Since time.Time
	Last  bool // the action stays in it
}

// After is how many seconds later a moment was.
func (s Shown) After(at time.Time) float64 { return at.Sub(s.Since).Seconds() }

// ShownIn are the states that the cloud began to show between two moments.
func ShownIn(truth *simulator.Truth, from, to time.Time) iter.Seq[Shown] {
	return func(yield func(Shown) bool) {
		for _, g := range truth.Groups {
			for _, a := range g.Actions {
				for i, shown := range a.States {
					if shown.Since.Before(from) || shown.Since.After(to) {
						continue
					}
					s := Shown{State{a.ID, "DOING"}, shown.Since, i == len(a.States)-1}
					if s.Last {
						s.Status = a.Status
					}
					if !yield(s) {
						return
					}
				}
			}
		}
	}
}
