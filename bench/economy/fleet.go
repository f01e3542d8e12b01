package economy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest"
)

// A fleet is so many groups that act in one way.
type fleet struct {
	name   string
	groups int
	active int                                              // the first so many of them act, and did a moment ago; 0: all
	within time.Duration                                    // 99 of 100 states are to be seen in that time; 0: whenever
	lives  func(rng *rand.Rand, from, to time.Time) []event // of one group
}

const day = 24 * time.Hour

// The polling that is measured: the daemon's defaults.
const (
	poll  = time.Minute
	watch = 10 * time.Second
)

var stages = []time.Duration{time.Hour, day}

var fleets = []fleet{
	{name: "quiet: 100 groups, 3 actions a day each", groups: 100, lives: evenly(8 * time.Hour)},
	{name: "busy: 40 groups, 3 actions a minute each", groups: 40, lives: evenly(20 * time.Second)},
	{name: "crowded: 10 groups, 20 actions a minute each", groups: 10, lives: evenly(3 * time.Second)},
	{name: "bursty: 40 groups, 300 actions in 5 minutes, each 12 hours", groups: 40, lives: bursts(12*time.Hour, 300, 5*time.Minute)},
	{name: "scattered: 500 groups, 10 of which begin 18 short actions an hour each", groups: 500, active: 10, within: 2 * poll, lives: briefly(200 * time.Second)},
}

// evenly lets an action start once in about so long.
func evenly(apart time.Duration) func(*rand.Rand, time.Time, time.Time) []event {
	return func(rng *rand.Rand, from, to time.Time) (events []event) {
		for at := from.Add(some(rng, 2*apart)); at.Before(to); at = at.Add(some(rng, 2*apart)) {
			events = append(events, begun(rng, at))
		}
		return events
	}
}

// briefly does too, and each ends within a quarter of a minute: often before
// anybody looks at the list of groups.
func briefly(apart time.Duration) func(*rand.Rand, time.Time, time.Time) []event {
	return func(rng *rand.Rand, from, to time.Time) []event {
		events := evenly(apart)(rng, from, to)
		for i := range events {
			events[i].ends = events[i].shown.Add(some(rng, 15*time.Second))
		}
		return events
	}
}

func never(*rand.Rand, time.Time, time.Time) []event { return nil }

// bursts lets many start at once, once in about so long.
func bursts(apart time.Duration, n int, within time.Duration) func(*rand.Rand, time.Time, time.Time) []event {
	return func(rng *rand.Rand, from, to time.Time) (events []event) {
		for at := from.Add(some(rng, apart)); at.Before(to); at = at.Add(apart/2 + some(rng, apart)) {
			for range n {
				events = append(events, begun(rng, at.Add(some(rng, within))))
			}
		}
		return events
	}
}

func some(rng *rand.Rand, below time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(below)))
}

// begun is an action that starts then, lasts half a minute to four, and is shown a moment late.
func begun(rng *rand.Rand, at time.Time) event {
	start := at.Truncate(time.Second)
	shown := start.Add(some(rng, mostLate))
	return event{start: start, shown: shown, ends: shown.Add(30*time.Second + some(rng, 210*time.Second))}
}

// add gives the cloud the i-th group, and its life.
func (c *cloud) add(i int, lives func(*rand.Rand, time.Time, time.Time) []event, from, to time.Time) (id string) {
	id = fmt.Sprintf("g%03d", i)
	c.ids = append(c.ids, id)
	c.log[id] = ordered(id, lives(rand.New(rand.NewPCG(uint64(i), 1)), from, to))
	return id
}

// goOn lets the i-th group act from then on.
func (c *cloud) goOn(i int, lives func(*rand.Rand, time.Time, time.Time) []event, from, to time.Time) {
	id := c.ids[i]
	c.log[id] = ordered(id, append(c.log[id], lives(rand.New(rand.NewPCG(uint64(i), 2)), from, to)...))
}

// ordered puts events in order, and names them.
func ordered(group string, events []event) []event {
	slices.SortStableFunc(events, func(a, b event) int { return a.start.Compare(b.start) })
	for i := range events {
		events[i].id = fmt.Sprintf("%s/%07d", group, i)
	}
	return events
}

// fewest is the least that a reader could ask who knew beforehand where news are:
// each group once an interval, and a page more for each further hundred states
// that appeared in it; each stage once a stage's length, the last one page by
// page; the list of groups once an interval, a hundred to a page.
func (c *cloud) fewest(from, to time.Time) (n int) {
	length := to.Sub(from)
	n = int(length/watch) * pages(len(c.ids))
	for _, id := range c.ids {
		slots := make([]int, int(length/poll))
		note := func(at time.Time) {
			if i := int(at.Sub(from) / poll); at.After(from) && i < len(slots) {
				slots[i]++
			}
		}
		rows := 0
		for _, e := range c.log[id] {
			if e.start.Before(from) || !e.start.Before(to) {
				continue
			}
			rows++
			note(e.shown)
			note(e.ends)
		}
		for _, states := range slots {
			n += pages(states)
		}
		n += int(length/stages[0]) + int(length/stages[1])*pages(int(float64(rows)/length.Hours()*24))
	}
	return n
}

// pastPages is how many pages the history of all groups takes.
func (c *cloud) pastPages() (n int) {
	for _, log := range c.log {
		n += pages(len(log))
	}
	return n
}

func pages(rows int) int { return max(1, (rows+pageRows-1)/pageRows) }

// followed is a group whose reading has come up to now.
func followed(id string, now time.Time) checkpoint.Group {
	from := now.Add(-time.Hour).Truncate(time.Second)
	return checkpoint.Group{
		ID: id, Source: "s", Project: "p", Created: &from, Seen: from, Known: true, From: from, TailFrom: from,
		Covered: checkpoint.Coverage{ingest.Span{From: from, To: now.Add(-time.Minute).Truncate(time.Second)}},
	}
}
