package simulator

import (
	"slices"
	"time"
)

// crowd is when the first group's burst and its dense hours start, in order.
func crowd(c *Config) []time.Time {
	var at []time.Time
	for range c.Burst {
		at = append(at, c.Born.Add(c.BurstAt).Truncate(time.Second))
	}
	d := rollFor(c.Seed, 16)
	for range c.Dense {
		at = append(at, c.Born.Add(c.DenseAt+time.Duration(d.share()*float64(c.DenseFor))))
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

// plan makes what is settled at the world's birth and shown after it: the rest
// of the crowd, the history that comes late, and what two groups list.
func (s *Simulator) plan() {
	for _, at := range crowd(&s.cfg) {
		if !at.Before(s.cfg.Born) {
			s.planned = append(s.planned, at)
		}
	}
	for _, g := range s.made {
		for _, e := range g.hidden {
			s.waiting = append(s.waiting, waiting{g, e})
		}
		g.hidden = nil
	}
	for _, g := range s.made {
		for _, e := range slices.Clone(g.shown) {
			s.twin(g, e)
		}
	}
}

// crowdUpTo starts what is planned for the first group up to that moment.
func (s *Simulator) crowdUpTo(now time.Time) {
	for len(s.planned) > 0 && !s.planned[0].After(now) {
		d := rollFor(s.cfg.Seed, 17, uint64(len(s.planned)))
		at := s.planned[0]
		s.planned = s.planned[1:]
		if g := s.made[0]; g.exists(at) {
			s.begin(g, &d, at)
		}
	}
}

// twin lets the next group list an action of g too, if it is one of those. It
// has the same id and the same text there.
func (s *Simulator) twin(g *group, e event) {
	d := rollFor(e.key, 14)
	if s.cfg.Faults.Twice == 0 || e.of != nil || len(s.made) < 2 || !d.hit(s.cfg.Faults.Twice) {
		return
	}
	next := s.made[(slices.Index(s.made, g)+1)%len(s.made)]
	if e.of = g; next.exists(time.Unix(0, e.shown)) && !next.created.After(time.Unix(e.start, 0)) {
		next.insert(e)
	}
}

// driftClosed shows late, in a span that is being read, an action that started
// in it. The caller holds s.mu and has advanced the world to now.
func (s *Simulator) driftClosed(g *group, q *query, now time.Time) {
	from, to := max(q.from, g.created.Unix()), min(q.to, now.Unix())
	if s.cfg.Faults.DriftClosed < 1 || s.resting(now) || g.fixed != nil || q.from < 0 || q.to > now.Unix()+1 || from > to {
		return
	}
	if s.latches++; s.latches%uint64(s.cfg.Faults.DriftClosed) != 0 {
		return
	}
	d := rollFor(s.cfg.Seed, 18, s.latches)
	start := from + int64(d.share()*float64(to-from+1))
	g.insert(g.act(&s.cfg, d.next(), start, start+lasting(&d, s.cfg.Lasting), now.UnixNano()))
}
