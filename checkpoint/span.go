package checkpoint

import "time"

// A Span is a half-open span of time, [From, To), on whole seconds. Closed
// spans would never merge: [a, b] and [b+1s, c] share no point.
type Span struct{ From, To time.Time }

// Coverage is a set of spans: sorted, disjoint, not touching, none empty.
type Coverage []Span
