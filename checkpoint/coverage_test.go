package checkpoint_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"aslogd/checkpoint"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// at is the given second of a small world in which every moment can be listed.
func at(second int) time.Time { return epoch.Add(time.Duration(second) * time.Second) }

func span(from, to int) checkpoint.Span { return checkpoint.Span{From: at(from), To: at(to)} }

func cover(ends ...int) (c checkpoint.Coverage) {
	for i := 0; i < len(ends); i += 2 {
		c = c.Add(span(ends[i], ends[i+1]))
	}
	return c
}

func TestSpansMerge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		got, want checkpoint.Coverage
	}{
		{"touching spans are one", cover(0, 5, 5, 9), checkpoint.Coverage{span(0, 9)}},
		{"a second between keeps them apart", cover(0, 5, 6, 9), checkpoint.Coverage{span(0, 5), span(6, 9)}},
		{"a bridge joins", cover(0, 2, 8, 9, 1, 8), checkpoint.Coverage{span(0, 9)}},
		{"order does not matter", cover(6, 9, 0, 5), checkpoint.Coverage{span(0, 5), span(6, 9)}},
		{"nothing and less than nothing add nothing", cover(3, 3, 5, 4), nil},
		{"a hole is cut out", cover(0, 9).Sub(span(3, 5)), checkpoint.Coverage{span(0, 3), span(5, 9)}},
		{"several at once", cover(0, 4, 6, 9).Sub(span(8, 20), span(3, 7)), checkpoint.Coverage{span(0, 3), span(7, 8)}},
		{"holes at the edges and between", cover(2, 4, 6, 8).Holes(span(0, 9)), checkpoint.Coverage{span(0, 2), span(4, 6), span(8, 9)}},
		{"no hole", cover(0, 9).Holes(span(2, 3)), nil},
		{"half a second is not proved", checkpoint.Coverage(nil).Add(checkpoint.Span{From: at(0).Add(1), To: at(3).Add(-1)}), checkpoint.Coverage{span(1, 2)}},
		{"half a second is missing", checkpoint.Coverage(nil).Holes(checkpoint.Span{From: at(0).Add(1), To: at(3).Add(-1)}), checkpoint.Coverage{span(0, 3)}},
	} {
		require.Equal(t, len(test.want), test.got.Len(), test.name)
		for i := range test.want {
			require.Equal(t, test.want[i].String(), test.got[i].String(), test.name)
		}
	}
}

func TestLaw02WatermarkStopsAtTheFirstHole(t *testing.T) {
	t.Parallel()
	require.Equal(t, at(5), cover(0, 5, 7, 9).Watermark(at(0), nil))
	require.Equal(t, at(9), cover(0, 5, 7, 9).Watermark(at(0), cover(5, 7)), "a lost span is passed over")
	require.Equal(t, at(3), cover(4, 9).Watermark(at(3), nil), "nothing at the start: no progress")
	require.Equal(t, at(9), cover(4, 9).Watermark(at(5), nil), "covered from before the start")
	require.Equal(t, at(3), checkpoint.Coverage(nil).Watermark(at(3), nil))
	require.True(t, checkpoint.Coverage(nil).End().IsZero())
	require.Equal(t, at(9), cover(0, 5, 7, 9).End())
}

// What the arithmetic must equal is a plain set of seconds.
type seconds map[int]bool

const world = 40

func (s seconds) mark(ends [2]int, v bool) {
	for i := ends[0]; i < ends[1]; i++ {
		s[i] = v
	}
}

func requireSame(t *rapid.T, c checkpoint.Coverage, want seconds) {
	for i := range world {
		require.Equal(t, want[i], c.Contains(span(i, i+1)), "second %d of %v", i, c)
	}
	for i, s := range c {
		require.False(t, s.Empty(), "%v has an empty span", c)
		require.True(t, i == 0 || c[i-1].To.Before(s.From), "%v is not sorted and apart", c)
	}
}

func TestCoverageIsASetOfSeconds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var covered checkpoint.Coverage
		model := seconds{}
		ends := rapid.Custom(func(t *rapid.T) [2]int {
			return [2]int{rapid.IntRange(0, world).Draw(t, "from"), rapid.IntRange(0, world).Draw(t, "to")}
		})
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			e := ends.Draw(t, "span")
			before := append(checkpoint.Coverage(nil), covered...)
			old := covered
			if rapid.Bool().Draw(t, "add") {
				covered = covered.Add(span(e[0], e[1]))
				model.mark(e, true)
			} else {
				covered = covered.Sub(span(e[0], e[1]))
				model.mark(e, false)
			}
			require.Equal(t, before, old, "a coverage was changed in place")
		}
		requireSame(t, covered, model)

		in := ends.Draw(t, "in")
		holes := seconds{}
		for i := in[0]; i < in[1]; i++ {
			holes[i] = !model[i]
		}
		requireSame(t, covered.Holes(span(in[0], in[1])), holes)

		whole := true
		for i := in[0]; i < in[1]; i++ {
			whole = whole && model[i]
		}
		require.Equal(t, whole, covered.Contains(span(in[0], in[1])))

		mark := in[0]
		for model[mark] {
			mark++
		}
		require.Equal(t, at(mark), covered.Watermark(at(in[0]), nil))

		requireSame(t, checkpoint.FromMultirange(covered.Multirange()), model)
	})
}

func TestWhatNobodyWroteCoversNothing(t *testing.T) {
	t.Parallel()
	type bound = pgtype.Range[pgtype.Timestamptz]
	moment := func(second int) pgtype.Timestamptz { return pgtype.Timestamptz{Time: at(second), Valid: true} }
	forever := pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	c := checkpoint.FromMultirange(checkpoint.Multirange{
		bound{Upper: moment(1), LowerType: pgtype.Unbounded, UpperType: pgtype.Exclusive, Valid: true},
		bound{Lower: moment(2), Upper: moment(4), LowerType: pgtype.Exclusive, UpperType: pgtype.Inclusive, Valid: true},
		bound{Lower: moment(6), Upper: moment(6), LowerType: pgtype.Inclusive, UpperType: pgtype.Inclusive, Valid: true},
		bound{Lower: moment(8), Upper: forever, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true},
	})
	require.Equal(t, checkpoint.Coverage{span(3, 4)}, c)
	require.Empty(t, checkpoint.FromMultirange(nil))
	require.NotNil(t, checkpoint.Coverage(nil).Multirange(), "an empty coverage must not become NULL")
}
