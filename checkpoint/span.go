package checkpoint

import "time"

// A Span is a half-open span of time, [From, To), on whole seconds. Closed
// spans would never merge: [a, b] and [b+1s, c] share no point.
type Span struct{ From, To time.Time }

// Empty says whether no moment is in the span.
func (s Span) Empty() bool { return !s.From.Before(s.To) }

// Length is the time from one end to the other; 0 for an empty span.
func (s Span) Length() time.Duration {
	if s.Empty() {
		return 0
	}
	return s.To.Sub(s.From)
}

// Has says whether the moment is in the span.
func (s Span) Has(at time.Time) bool { return !at.Before(s.From) && at.Before(s.To) }

// Contains says whether all of inner is in the span. An empty span is in
// every span.
func (s Span) Contains(inner Span) bool {
	return inner.Empty() || !inner.From.Before(s.From) && !inner.To.After(s.To)
}

// Intersect is what both spans have; empty where they have nothing.
func (s Span) Intersect(o Span) Span { return Span{Later(s.From, o.From), Earlier(s.To, o.To)} }

// String is the span as people write it: [from, to), in UTC.
func (s Span) String() string {
	return "[" + s.From.UTC().Format(time.RFC3339Nano) + ", " + s.To.UTC().Format(time.RFC3339Nano) + ")"
}

// inward is the span without the parts of seconds at its ends: what was proved
// of half a second is proved of no stamp.
func (s Span) inward() Span { return Span{ceil(s.From), floor(s.To)} }

// outward is the span with the whole of the seconds that it touches: what is
// missing of half a second is missing.
func (s Span) outward() Span { return Span{floor(s.From), ceil(s.To)} }

func floor(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func ceil(t time.Time) time.Time {
	whole := floor(t)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	return whole
}

// Later is the later of two moments.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Earlier is the earlier of two moments.
func Earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
