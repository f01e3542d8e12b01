package simulator

import (
	"math"
	"slices"
	"sort"
	"time"
)

// A choice is the actions that a query matches, in the order of the answer.
type choice struct {
	n  int
	at func(i int) *event
}

// choose picks what a query matches as the world stands at now. Mostly that is
// a stretch of the log, found by halving; what needs a look at each action has
// them listed. The caller holds s.mu.
func (s *Simulator) choose(g *group, q *query, now time.Time) choice {
	f := &s.cfg.Faults
	from, to := max(q.from, s.horizon(now)), q.to
	ends := f.FilterEnds && (q.from != math.MinInt64 || q.to != math.MaxInt64)
	if ends {
		from, to = s.horizon(now), math.MaxInt64
	}
	lo := sort.Search(len(g.shown), func(i int) bool { return g.shown[i].start >= from })
	hi := sort.Search(len(g.shown), func(i int) bool { return g.shown[i].start > to })
	hi = max(lo, hi)
	all := choice{hi - lo, func(i int) *event { return &g.shown[hi-1-i] }}
	if f.Ascending {
		all.at = func(i int) *event { return &g.shown[lo+i] }
	}
	hide := f.HideOpen && q.to != math.MaxInt64
	if q.logID == "" && q.types == nil && q.status == "" && !ends && !hide {
		return all
	}
	var match []int
	view := now.Unix()
	for i := range all.n {
		e := all.at(i)
		if q.matches(e, view) && !(hide && e.doing(view)) && !(ends && !q.endsWithin(e, view)) {
			match = append(match, i)
		}
	}
	return choice{len(match), func(i int) *event { return all.at(match[i]) }}
}

func (q *query) matches(e *event, view int64) bool {
	return (q.logID == "" || e.id() == q.logID) &&
		(q.types == nil || slices.Contains(q.types, spelt(e.typeText()))) &&
		(q.status == "" || e.status(view) == q.status)
}

// endsWithin compares the query's times with the action's end. What has not
// ended ends after any start_time, and before no end_time.
func (q *query) endsWithin(e *event, view int64) bool {
	if e.doing(view) {
		return q.to == math.MaxInt64
	}
	return e.end >= q.from && e.end <= q.to
}

// told is the total that the answer tells: the one that there is, or where it
// lags, the one that there was. It notes the request.
func (s *Simulator) told(g *group, q *query, now time.Time, total int) int {
	f := &s.cfg.Faults
	at := now.Add(-f.LagTotal)
	if f.LagRequests > 0 {
		g.asked = append(g.asked, now)
		g.asked = g.asked[max(0, len(g.asked)-f.LagRequests-1):]
		if g.asked[0].Before(at) {
			at = g.asked[0]
		}
	}
	if !at.Before(now) {
		return total
	}
	then := s.choose(g, q, at)
	total = 0
	for i := range then.n {
		if then.at(i).shown <= at.UnixNano() {
			total++
		}
	}
	return total
}

// horizon is the oldest start that retention still shows, in Unix seconds.
func (s *Simulator) horizon(now time.Time) int64 {
	f := &s.cfg.Faults
	if f.Retention == 0 {
		return math.MinInt64
	}
	horizon := now.Add(-f.Retention)
	if past := now.Sub(s.cfg.Born); f.RetentionSpeed > 1 && past > 0 {
		fast := s.cfg.Born.Add(-f.Retention)
		// In seconds, since a few days at a great speed would be too long for a Duration.
		if left := f.Retention.Seconds() - past.Seconds()*f.RetentionSpeed; left > 0 {
			fast = s.cfg.Born.Add(-time.Duration(left * float64(time.Second)))
		} else {
			fast = s.cfg.Born
		}
		if fast.After(horizon) {
			horizon = fast
		}
	}
	return horizon.Unix()
}

// expires is when retention hides what started at that second.
func (s *Simulator) expires(start int64) time.Time {
	f, hidden := &s.cfg.Faults, time.Unix(start+1, 0)
	at := hidden.Add(f.Retention)
	if ahead := hidden.Sub(s.cfg.Born.Add(-f.Retention)); f.RetentionSpeed > 1 && ahead > 0 && !hidden.After(s.cfg.Born) {
		fast := s.cfg.Born.Add(time.Duration(float64(ahead) / f.RetentionSpeed))
		if fast.Before(at) {
			at = fast
		}
	}
	return at.UTC()
}
