package report

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// A Line is a figure that follows another.
type Line struct {
	Name string
	X, Y []float64
}

// A Chart is lines over one axis.
type Chart struct {
	Title, X, Y string
	LogX        bool
	Lines       []Line
}

func (c *Chart) panel() (*panel, error) {
	p := &panel{title: c.Title, plot: newPlot(c.X, c.Y), height: 300}
	p.plot.Add(plotter.NewGrid())
	for i, l := range c.Lines {
		points := make(plotter.XYs, len(l.X))
		for j := range points {
			points[j].X, points[j].Y = l.X[j], l.Y[j]
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", l.Name, err)
		}
		line.Color, marks.Color, line.Width = colour(i), colour(i), 1.5
		p.plot.Add(line, marks)
		if len(c.Lines) > 1 {
			p.keys = append(p.keys, key{l.Name, []plot.Thumbnailer{line, marks}})
		}
	}
	p.plot.Y.Min = 0
	if c.LogX {
		p.plot.X.Scale, p.plot.X.Tick.Marker = plot.LogScale{}, plot.TickerFunc(powers)
	}
	return p, nil
}
