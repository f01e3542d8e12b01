package simulator

import "time"

// The live world needs no goroutine. The n-th live action has its moment, its
// group and its fate by its number alone, and whoever looks at the world first
// brings it up to the clock.

// A waiting event has started, but the API does not show it yet.
type waiting struct {
	g *group
	e event
}

// advance makes what has happened up to now. The caller holds s.mu.
func (s *Simulator) advance(now time.Time) {
	for s.cfg.LiveRate > 0 && len(s.made) > 0 {
		d := rollFor(s.cfg.Seed, 3, s.live)
		seconds := (float64(s.live) + d.share()) / s.cfg.LiveRate
		at := s.cfg.Born.Add(time.Duration(seconds * float64(time.Second)))
		if at.After(now) || s.resting(at) || s.cfg.LiveFor > 0 && at.After(s.cfg.Born.Add(s.cfg.LiveFor)) {
			break
		}
		s.crowdUpTo(at)
		s.live++
		// Load is not spread evenly: squaring favours the first groups.
		u := d.share()
		among := len(s.made)
		if s.cfg.Active > 0 {
			among = min(among, s.cfg.Active)
		}
		if g := s.livingFrom(int(u*u*float64(among)), at); g != nil {
			s.begin(g, &d, at)
		}
	}
	s.crowdUpTo(now)
	kept := s.waiting[:0]
	for _, w := range s.waiting {
		if w.e.shown <= now.UnixNano() {
			s.show(w)
		} else {
			kept = append(kept, w)
		}
	}
	s.waiting = kept
}

// begin starts an action in g.
func (s *Simulator) begin(g *group, d *dice, at time.Time) {
	f := s.cfg.Faults
	start := at.Unix()
	end := start + lasting(d, s.cfg.Lasting)
	if d.hit(f.Stuck) {
		end = start + max(1, int64(f.StuckFor.Seconds()))
	}
	shown := at.UnixNano()
	if d.hit(f.Late) {
		shown += int64((0.1 + 0.9*d.share()) * float64(f.LateBy))
	}
	w := waiting{g, g.act(&s.cfg, d.next(), start, end, shown)}
	if shown > at.UnixNano() {
		s.waiting = append(s.waiting, w)
		return
	}
	s.show(w)
}

// show makes an action visible, unless its group went first.
func (s *Simulator) show(w waiting) {
	if w.g.exists(time.Unix(0, w.e.shown)) {
		w.g.insert(w.e)
		s.twin(w.g, w.e)
	}
}

// livingFrom is the first group from index i on, around the end, that exists.
func (s *Simulator) livingFrom(i int, at time.Time) *group {
	for n := range s.made {
		if g := s.made[(i+n)%len(s.made)]; g.exists(at) {
			return g
		}
	}
	return nil
}

// drift starts an action in g between two pages. The caller holds s.mu and has
// advanced the world to now, so that nothing that started earlier is made after.
func (s *Simulator) drift(g *group, now time.Time) {
	s.drifts++
	if s.cfg.Faults.Drift < 1 || s.resting(now) || g.fixed != nil || s.drifts%uint64(s.cfg.Faults.Drift) != 0 {
		return
	}
	d := rollFor(s.cfg.Seed, 4, s.drifts)
	at := now
	w := waiting{g, g.act(&s.cfg, d.next(), at.Unix(), at.Unix()+lasting(&d, s.cfg.Lasting), at.UnixNano())}
	s.show(w)
}
