package simulator

import (
	"slices"
	"time"
)

// A group is one scaling group and the actions that it shows. Instances are
// numbered as they are added and leave oldest first, so two counters say which
// are there, and every instance that leaves is one that came.
type group struct {
	id      string
	name    string
	seed    uint64
	created time.Time
	deleted time.Time // zero: never
	back    time.Time // listed again; zero: never
	fixed   [][]byte  // the vendor's example: record texts that are not made

	shown   []event     // by start rising, within a second by key falling: read it backwards
	hidden  []event     // of its history, what is shown only after the world's birth
	open    []int64     // ends of shown actions that had not ended when last looked at
	slow    bool        // answers after Faults.SlowFor
	fails   bool        // answers 500 or 502
	asked   []time.Time // when its last requests came; as many as Faults.LagRequests
	polls   []time.Time // when it was last polled; as many as mostPolls
	added   int
	removed int
}

// An event is one action before it has a text. Times are Unix seconds, but
// shown, the moment from which the API shows it, in Unix nanoseconds.
type event struct {
	key        uint64 // the first half of its id, and the seed of all that is made up about it
	shown      int64
	start, end int64
	before     int32 // instances when it began
	desire     int32
	inst       int32 // number of the first instance concerned
	count      int16 // how many are concerned
	kind       kind
	odd        odd
	remove     bool
	fail       bool
	misspelt   bool
	fixedID    string // of an example's record, which is not made from its key
	of         *group // whose action it is, where another group lists it too
	text       []byte // once it has ended, where texts are made before they are asked for
}

func (e *event) doing(view int64) bool { return e.end > view }

func (e *event) id() string {
	if e.fixedID != "" {
		return e.fixedID
	}
	return string(appendUUID(nil, e.key, scramble(e.key)))
}

const maxInstances = 20

// act makes the next action of the group. It must be called in the order of
// start times, for an action begins with what the one before it left.
func (g *group) act(c *Config, key uint64, start, end, shown int64) event {
	d := dice(key)
	e := event{key: asUUIDHalf(key), shown: shown, start: start, end: end}
	current := g.added - g.removed
	e.kind, e.remove = pickKind(&d)
	e.count = int16(1 + d.below(3))
	switch {
	case e.kind == modifyELB:
		e.count = 0
	case e.remove && current == 0:
		e.kind, e.remove = normal, false
	case !e.remove && current+int(e.count) > maxInstances:
		e.kind, e.remove = normal, true
	}
	if e.remove {
		e.count = min(e.count, int16(current))
	}
	e.fail = d.hit(0.07)
	e.misspelt = d.hit(c.Faults.Misspell)
	if d.hit(c.Faults.Odd) {
		e.odd = pickOdd(&d, c.Faults.OddKinds)
	}
	e.before, e.desire = int32(current), int32(current)
	if e.remove {
		e.desire -= int32(e.count)
		e.inst = int32(g.removed)
	} else {
		e.desire += int32(e.count)
		e.inst = int32(g.added)
	}
	if !e.fail {
		if e.remove {
			g.removed += int(e.count)
		} else {
			g.added += int(e.count)
		}
	}
	return e
}

// insert puts an event where it belongs; nearly always that is the end.
func (g *group) insert(e event) {
	i := len(g.shown)
	for i > 0 && later(g.shown[i-1], e) {
		i--
	}
	g.shown = slices.Insert(g.shown, i, e)
	if e.doing(e.shown / 1e9) {
		g.open = append(g.open, e.end)
	}
}

// later orders events: by start rising, then by id falling.
func later(a, b event) bool {
	if a.start != b.start {
		return a.start > b.start
	}
	return a.key < b.key
}

// exists reports whether the API knows the group at t.
func (g *group) exists(t time.Time) bool {
	return !t.Before(g.created) && (g.deleted.IsZero() || t.Before(g.deleted) || g.returned(t))
}

// returned reports whether the group was deleted and is listed again at t.
func (g *group) returned(t time.Time) bool { return !g.back.IsZero() && !t.Before(g.back) }

// newGroup makes group i of the world, with its history.
func newGroup(c *Config, i int) *group {
	d := rollFor(c.Seed, 1, uint64(i))
	g := &group{seed: d.next(), id: uuid(c.Seed, 2, uint64(i))}
	g.name = "as-group-" + word(&d, 6)
	span := time.Duration(c.Days) * 24 * time.Hour
	if i >= c.Groups {
		g.created = c.Born.Add(c.NewGroupsWithin * time.Duration(i-c.Groups+1) / time.Duration(c.NewGroups))
		g.created = g.created.Truncate(time.Second)
		return g
	}
	g.created = c.Born.Add(-span + time.Duration(d.share()*0.1*float64(span))).Truncate(time.Second)
	g.slow = i < c.Faults.SlowGroups
	g.fails = !g.slow && i < c.Faults.SlowGroups+c.Faults.FailGroups
	if c.Faults.DeletedGroups > c.Groups-1-i {
		g.deleted = c.Born.Add(c.Faults.DeletedAfter)
		if after := c.Faults.ReturnAfter; after > 0 {
			g.back = g.deleted.Add(after)
		}
	}
	starts := history(&d, g.created.Unix(), c.Born.Unix(), c.ActionsPerGroup)
	if c.FirstAction && len(starts) > 0 {
		starts[0] = g.created.Unix()
	}
	if i == 0 {
		for _, at := range crowd(c) {
			if at.Before(c.Born) && !at.Before(g.created) {
				starts = append(starts, at.Unix())
			}
		}
	}
	// What happens is told in the order in which the log will list it, within a
	// second too, so that the numbers of instances follow from row to row.
	plan := make([]event, len(starts))
	for i, start := range starts {
		plan[i] = event{key: d.next(), start: start}
	}
	slices.SortFunc(plan, func(a, b event) int {
		if later(b, a) {
			return -1
		}
		return 1
	})
	g.shown = make([]event, 0, len(starts))
	for _, p := range plan {
		e := g.act(c, p.key, p.start, p.start+lasting(&d, c.Lasting), p.start*1e9)
		if late := rollFor(p.key, 15); late.hit(c.Faults.LatePast) {
			e.shown = c.Born.UnixNano() + 1 + int64(late.share()*float64(c.Faults.LatePastBy))
			g.hidden = append(g.hidden, e)
			continue
		}
		g.insert(e)
	}
	return g
}

// history spreads n starts over [from, to) in bursts, as load does: about
// eight actions that follow each other closely, some in one second, then quiet.
func history(d *dice, from, to int64, n int) []int64 {
	starts := make([]int64, n)
	var at int64
	for i := range starts {
		if i%8 == 0 {
			at = from + int64(d.share()*float64(to-from))
		} else if !d.hit(0.1) {
			at += int64(5 + d.below(90))
		}
		starts[i] = min(at, to-1)
	}
	slices.Sort(starts)
	return starts
}

// lasting is how long one action takes, in seconds, at least one.
func lasting(d *dice, typical time.Duration) int64 {
	return max(1, int64(typical.Seconds()*(0.25+1.75*d.share()*d.share())))
}

func word(d *dice, n int) string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[d.below(len(letters))]
	}
	return string(b)
}
