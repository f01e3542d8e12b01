package checkpoint

import "github.com/jackc/pgx/v5/pgtype"

// A Multirange is a Coverage as Postgres has it, a tstzmultirange.
type Multirange = pgtype.Multirange[pgtype.Range[pgtype.Timestamptz]]

// Multirange is the coverage as an argument of a statement, each span as
// [from, to). The empty coverage is the empty multirange, never NULL.
func (c Coverage) Multirange() Multirange {
	m := make(Multirange, len(c))
	for i, s := range c {
		m[i] = pgtype.Range[pgtype.Timestamptz]{
			Lower:     pgtype.Timestamptz{Time: s.From, Valid: true},
			Upper:     pgtype.Timestamptz{Time: s.To, Valid: true},
			LowerType: pgtype.Inclusive,
			UpperType: pgtype.Exclusive,
			Valid:     true,
		}
	}
	return m
}

// FromMultirange is the coverage that a scanned multirange stands for; NULL is
// the empty one. aslogd writes bounded spans on whole seconds only. Whatever
// else a hand may have put there is taken for less, never for more: a span
// without an end proves nothing, and half a second at an edge is not covered.
// The cost is that it is read again.
func FromMultirange(m Multirange) Coverage {
	spans := make([]Span, 0, len(m))
	for _, r := range m {
		if bounded(r.Lower, r.LowerType) && bounded(r.Upper, r.UpperType) {
			s := Span{r.Lower.Time, r.Upper.Time}
			if r.LowerType == pgtype.Exclusive {
				s.From = s.From.Add(1) // (a, b) lacks a: it begins with the second after it
			}
			spans = append(spans, s)
		}
	}
	return Coverage(nil).Add(spans...)
}

func bounded(at pgtype.Timestamptz, t pgtype.BoundType) bool {
	return at.Valid && at.InfinityModifier == pgtype.Finite && (t == pgtype.Inclusive || t == pgtype.Exclusive)
}
