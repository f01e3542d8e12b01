package checkpoint

import (
	"slices"
	"strings"
	"time"
)

// Coverage is a set of spans: sorted, disjoint, not touching, none empty, all
// on whole seconds. The zero value is the empty set. No method changes the
// coverage that it is called on, so one may be shared and kept.
//
// Where a caller brings a part of a second, the result errs towards reading
// once more: what is added shrinks to whole seconds, what is taken away or
// asked for grows to them.
type Coverage []Span

// Add is the coverage with these spans in it, in any order, overlapping or not.
func (c Coverage) Add(spans ...Span) Coverage {
	all := slices.Clone(c)
	for _, s := range spans {
		if s = s.inward(); !s.Empty() {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Span) int { return a.From.Compare(b.From) })
	merged := all[:0]
	for _, s := range all {
		if n := len(merged); n > 0 && !s.From.After(merged[n-1].To) {
			merged[n-1].To = Later(merged[n-1].To, s.To)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// Sub is the coverage without these spans.
func (c Coverage) Sub(spans ...Span) Coverage {
	// First the spans in order, then one walk along both lists.
	var away Coverage
	for _, s := range spans {
		if !s.Empty() {
			away = append(away, s.outward())
		}
	}
	away = away.Add()
	var left Coverage
	next := 0
	for _, s := range c {
		for next < len(away) && !away[next].To.After(s.From) {
			next++
		}
		for i := next; i < len(away) && away[i].From.Before(s.To); i++ {
			if before := (Span{s.From, away[i].From}); !before.Empty() {
				left = append(left, before)
			}
			s.From = Later(s.From, away[i].To)
		}
		if !s.Empty() {
			left = append(left, s)
		}
	}
	return left
}

// Holes are the parts of the span that are not covered.
func (c Coverage) Holes(in Span) Coverage {
	if in.Empty() {
		return nil
	}
	return Coverage{in.outward()}.Sub(c...)
}

// Contains says whether all of the span is covered. It always holds of an
// empty span.
func (c Coverage) Contains(s Span) bool {
	if s.Empty() {
		return true
	}
	// Spans of a coverage do not touch, so one of them must hold all of it.
	i, found := slices.BinarySearchFunc(c, s.From, func(c Span, at time.Time) int { return c.From.Compare(at) })
	if !found {
		i--
	}
	return i >= 0 && c[i].Contains(s)
}

// End is the end of the last span, the newest covered moment (which itself is
// not in it); the zero time where nothing is covered.
func (c Coverage) End() time.Time {
	if len(c) == 0 {
		return time.Time{}
	}
	return c[len(c)-1].To
}

// Watermark is the end of the unbroken part that starts at from of what is
// covered or lost; from itself where that part is empty. Everything from there
// up to the watermark is either stored or known to be out of reach.
func (c Coverage) Watermark(from time.Time, lost Coverage) time.Time {
	for _, s := range c.Add(lost...) {
		if s.Has(ceil(from)) {
			return s.To
		}
	}
	return from
}

// Len is the number of spans: how fragmented the coverage is.
func (c Coverage) Len() int { return len(c) }

// Length is the time covered.
func (c Coverage) Length() time.Duration {
	var sum time.Duration
	for _, s := range c {
		sum += s.Length()
	}
	return sum
}

// String lists the spans.
func (c Coverage) String() string {
	words := make([]string, len(c))
	for i, s := range c {
		words[i] = s.String()
	}
	return "{" + strings.Join(words, ", ") + "}"
}
