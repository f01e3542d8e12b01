package main

import (
	"time"

	"aslogd/internal/simulator"
)

// A scenario is a cloud that behaves in one way. Seed and clock are the cell's.
type scenario struct {
	name, says string
	cloud      simulator.Config
	environ    []string // settings of the daemon besides the usual ones
	gaps       bool     // what is not stored may lie in a gap that says so, and a span may stay unproven
}

// scenarios all have a backlog that takes some seconds to read, and live actions
// that end while they are watched; some are shown late.
var scenarios = []scenario{
	{
		name: "plain", says: "the API as its page describes it, with late actions",
		cloud: world(simulator.Faults{}),
	},
	{
		name: "odd", says: "odd payloads, misspelt types, ties in another order each time, rows that move while they are read, a limit of 50",
		cloud: world(simulator.Faults{Odd: 0.15, Misspell: 0.3, ShuffleTies: true, Drift: 40, ClampLimit: 50}),
	},
}

// mixed is the one scenario of the short form.
var mixed = scenario{
	name: "mixed", says: "a little of everything: odd payloads, ties, drift, and weather",
	cloud: world(simulator.Faults{
		Odd: 0.1, Misspell: 0.3, ShuffleTies: true, Drift: 40,
		Throttle: 0.005, RetryAfter: "mixed", ServerError: 0.02, Garbage: 0.01, Drop: 0.02,
	}),
}

// world is the usual one: 12 groups of 800 actions, and 4 live ones a second.
func world(f simulator.Faults) simulator.Config {
	f.Late, f.LateBy = 0.2, 3*time.Second
	return simulator.Config{
		Groups: 12, ActionsPerGroup: 800, Days: 30, FirstAction: true,
		LiveRate: 4, Lasting: 2 * time.Second, Faults: f,
	}
}
