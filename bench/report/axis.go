package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// newPlot is a plot whose axes are labelled alike.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size = letterSize
		axis.Label.Padding = 6
		axis.Tick.Marker = plot.TickerFunc(even)
	}
	p.Y.Tick.Label.YAlign -= 0.25 // the middle of what is written is where it belongs
	return p
}

// even are round figures at one distance, the largest of 1, 2, 5, 10 and so on that
// has four of them fit in.
func even(low, high float64) (ticks []plot.Tick) {
	most := (high - low) / 4
	power := math.Pow(10, math.Floor(math.Log10(most)))
	step := power
	for _, times := range []float64{2, 5} {
		if times*power <= most {
			step = times * power
		}
	}
	for i := math.Ceil(low / step); i*step <= high; i++ {
		ticks = append(ticks, tick(i*step))
	}
	return ticks
}

// powers are powers of ten, and unnamed ones between them.
func powers(low, high float64) []plot.Tick {
	ticks := plot.LogTicks{Prec: -1}.Ticks(low, high)
	for i, t := range ticks {
		if !t.IsMinor() {
			ticks[i] = tick(t.Value)
		}
	}
	return ticks
}

func tick(v float64) plot.Tick {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64) // 0.3, and not 0.30000000000000004
	return plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)}
}
