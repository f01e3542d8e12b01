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
	{
		name: "ends", says: "times are compared with ends, edges are open, and an end_time hides what still runs",
		cloud: world(simulator.Faults{FilterEnds: true, OpenEdges: true, HideOpen: true}),
	},
	{
		name: "ascending", says: "oldest first, and actions that turn up in spans while they are read",
		cloud: world(simulator.Faults{Ascending: true, DriftClosed: 30}),
	},
	{
		name: "lagging-total", says: "total_number is that of three seconds ago",
		cloud: world(simulator.Faults{LagTotal: 3 * time.Second}),
	},
	{
		name: "busy", says: "one group has 6,000 actions in one second and 45,000 in six hours",
		cloud: busy(), environ: []string{"ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=3000"},
	},
	{
		name: "retention", says: "of a history of 30 days the oldest 10 are gone, and a day more vanishes every 5 s while it is read",
		cloud: world(simulator.Faults{Retention: 20 * 24 * time.Hour, RetentionSpeed: 86400 / 5}), gaps: true,
	},
	{
		name: "groups", says: "groups are created, deleted and listed again; some actions are listed in two groups",
		cloud: comings(), gaps: true,
	},
	{
		name: "skew", says: "the API's clock is three minutes behind",
		cloud: skewed(),
	},
}

// busy has its burst in the middle of the history.
func busy() simulator.Config {
	c := world(simulator.Faults{})
	c.ActionsPerGroup = 100
	c.Burst, c.BurstAt = 6000, -15*24*time.Hour
	c.Dense = 45_000
	return c
}

func comings() simulator.Config {
	c := world(simulator.Faults{Twice: 0.1, DeletedGroups: 3, DeletedAfter: 8 * time.Second, ReturnAfter: 5 * time.Second})
	c.NewGroups, c.NewGroupsWithin = 3, 10*time.Second
	return c
}

func skewed() simulator.Config {
	c := world(simulator.Faults{})
	c.Skew = -3 * time.Minute
	return c
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
