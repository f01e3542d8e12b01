package report

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
)

func labels(ticks []plot.Tick) (all []string) {
	for _, t := range ticks {
		if !t.IsMinor() {
			all = append(all, t.Label)
		}
	}
	return all
}

func TestAnAxisHasAFewRoundFigures(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"0", "10", "20", "30", "40", "50"}, labels(even(0, 58)))
	require.Equal(t, []string{"0", "0.2", "0.4", "0.6", "0.8", "1"}, labels(even(0, 1.06)))
	require.Equal(t, []string{"0", "50000", "100000", "150000", "200000"}, labels(even(0, 201_628)))
	require.Equal(t, []string{"10", "100", "1000", "10000"}, labels(powers(10, 10_000)))
	for high := 1e-3; high < 1e6; high *= 1.1 {
		if n := len(even(0, high)); n < 5 || n > 11 {
			t.Errorf("%d figures up to %g", n, high)
		}
	}
	require.Equal(t, 0.3, tick(0.1+0.2).Value)
}
