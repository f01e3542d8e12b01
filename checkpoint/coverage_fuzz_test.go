package checkpoint_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
)

// Whatever is added and taken away in whatever order, the arithmetic of spans
// is that of a plain bitmap with one bit a second. Five bytes are one step: what
// is done, and two ends in quarters of a second. An end within a second errs
// towards reading again: a second is added only whole, and taken away when it
// is touched.
func FuzzCoverage(f *testing.F) {
	f.Add([]byte{0, 0, 0, 9, 0, 1, 3, 0, 5, 0})                 // a hole is cut out
	f.Add([]byte{0, 0, 1, 3, 3, 0, 3, 0, 5, 0})                 // parts of seconds
	f.Add([]byte{0, 0, 0, 2, 0, 0, 2, 0, 4, 0})                 // touching
	f.Add([]byte{0, 9, 0, 1, 0, 1, 4, 1, 4, 2})                 // inverted, and within one second
	f.Add([]byte{0, 0, 0, 63, 3, 1, 1, 0, 2, 0, 1, 3, 1, 3, 2}) // fragments
	f.Fuzz(func(t *testing.T, steps []byte) {
		const world = 64
		moment := func(second, quarter byte) time.Time {
			return at(int(second) % world).Add(time.Duration(quarter%4) * time.Second / 4)
		}
		var covered checkpoint.Coverage
		var bits [world + 1]bool
		var last checkpoint.Span
		for ; len(steps) >= 5; steps = steps[5:] {
			s := checkpoint.Span{From: moment(steps[1], steps[2]), To: moment(steps[3], steps[4])}
			before := append(checkpoint.Coverage(nil), covered...)
			old := covered
			if steps[0]%2 == 0 {
				covered = covered.Add(s)
				for i := range bits {
					bits[i] = bits[i] || !at(i).Before(s.From) && !at(i+1).After(s.To)
				}
			} else {
				covered = covered.Sub(s)
				for i := range bits {
					bits[i] = bits[i] && (s.Empty() || !at(i).Before(s.To) || !at(i+1).After(s.From))
				}
			}
			require.Equal(t, before, old, "a coverage was changed in place")
			last = s
		}
		for i, s := range covered {
			require.False(t, s.Empty(), "%v has an empty span", covered)
			require.True(t, i == 0 || covered[i-1].To.Before(s.From), "%v is not sorted and apart", covered)
		}
		holes, again, whole, seconds := covered.Holes(last), checkpoint.FromMultirange(covered.Multirange()), true, 0
		mark := last.From
		for i := range bits {
			second := span(i, i+1)
			require.Equal(t, bits[i], covered.Contains(second), "second %d of %v", i, covered)
			require.Equal(t, bits[i], again.Contains(second), "second %d of %v, from Postgres", i, again)
			touched := !last.Empty() && at(i).Before(last.To) && at(i+1).After(last.From)
			require.Equal(t, touched && !bits[i], holes.Contains(second), "second %d of the holes %v of %v in %v", i, holes, covered, last)
			whole = whole && (!touched || bits[i])
			if bits[i] {
				seconds++
			}
			if bits[i] && !at(i).Before(last.From) && at(i).Sub(mark) < time.Second {
				mark = at(i + 1)
			}
		}
		require.Equal(t, whole, covered.Contains(last), "%v in %v", last, covered)
		require.Equal(t, time.Duration(seconds)*time.Second, covered.Length())
		require.Equal(t, mark, covered.Watermark(last.From, nil), "watermark of %v from %v", covered, last.From)
		require.Equal(t, covered.String(), covered.Sub(holes...).Add(covered...).String())
	})
}
