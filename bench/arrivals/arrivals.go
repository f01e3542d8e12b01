// Package arrivals notes when the states of actions arrive: in a table, or at a
// consumer of a topic.
package arrivals

import (
	"maps"
	"sync"
	"time"
)

// A State is one state of an action, as its status tells it.
type State struct{ Action, Status string }

// Arrivals are when each state was seen first, and how often one was seen again.
type Arrivals struct {
	mu    sync.Mutex
	first map[State]time.Time
	again int
}

// Note says that a state was seen.
func (a *Arrivals) Note(s State, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, seen := a.first[s]; seen {
		a.again++
		return
	}
	if a.first == nil {
		a.first = map[State]time.Time{}
	}
	a.first[s] = at
}

// First is when each state was seen first.
func (a *Arrivals) First() map[State]time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.first)
}

// Again is how often a state was seen that had been seen before.
func (a *Arrivals) Again() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.again
}

// Actions is how many actions were seen, in whatever states.
func (a *Arrivals) Actions() int {
	actions := map[string]bool{}
	for s := range a.First() {
		actions[s.Action] = true
	}
	return len(actions)
}
