package report

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// Bars are bars for each name, the first one on top, each with its figure behind.
type Bars struct {
	Title, Unit string
	Names       []string
	Parts       []Part
	Beside      bool      // a bar for each part, instead of one of parts that stand upon each other
	Format      string    // of the figures, such as %.1f; none are written where it is empty
	Totals      []float64 // written behind bars of parts, where it is not their sum (of medians, for one)
	Goal        Goal
}

// A Part is a figure of each name.
type Part struct {
	Name   string
	Values []float64
}

// A Goal is what figures are held against; one without a name is none.
type Goal struct {
	Name string
	At   float64
}

const (
	thick = 15 // a bar
	slim  = 11 // one of several beside each other
)

func (b *Bars) panel() (*panel, error) {
	p := &panel{title: b.Title, plot: newPlot(b.Unit, "")}
	grid := plotter.NewGrid()
	grid.Horizontal.Color = nil
	p.plot.Add(grid)
	if err := b.add(p); err != nil {
		return nil, err
	}
	p.plot.NominalY(reversed(b.Names)...)
	p.plot.Y.Min, p.plot.Y.Max = -0.5, float64(len(b.Names))-0.5
	p.plot.X.Min, p.plot.X.Max = 0, 1.02*max(p.plot.X.Max, b.Goal.At)
	if b.Goal.Name != "" {
		line, err := plotter.NewLine(plotter.XYs{{X: b.Goal.At, Y: p.plot.Y.Min}, {X: b.Goal.At, Y: p.plot.Y.Max}})
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", b.Goal.Name, err)
		}
		line.Color, line.Width, line.Dashes = color.Black, 1, []vg.Length{4, 3}
		p.plot.Add(line)
		p.keys = append(p.keys, key{b.Goal.Name, []plot.Thumbnailer{line}})
	}
	row := vg.Length(thick)
	if b.Beside {
		row = vg.Length(slim * len(b.Parts))
	}
	p.height = p.head() + 44 + (row+12)*vg.Length(len(b.Names)) // 44: the axis
	return p, nil
}

// add adds a bar and a key for each part, and the figures.
func (b *Bars) add(p *panel) error {
	sums := make([]float64, len(b.Names))
	var below *plotter.BarChart
	for i, part := range b.Parts {
		bars, err := plotter.NewBarChart(plotter.Values(reversed(part.Values)), thick)
		if err != nil {
			return fmt.Errorf("draw %s: %w", part.Name, err)
		}
		bars.Horizontal, bars.LineStyle.Width, bars.Color = true, 0, colour(i)
		ends, figures := part.Values, part.Values
		switch {
		case b.Beside:
			bars.Width, bars.Offset = slim-1, slim*(vg.Length(len(b.Parts)-1)/2-vg.Length(i))
		case below != nil:
			bars.StackOn(below)
			fallthrough
		default:
			for j := range sums {
				sums[j] += part.Values[j]
			}
			ends, figures = sums, sums
			if b.Totals != nil {
				figures = b.Totals
			}
		}
		below = bars
		p.plot.Add(bars)
		if len(b.Parts) > 1 {
			p.keys = append(p.keys, key{part.Name, []plot.Thumbnailer{bars}})
		}
		if b.Format != "" && (b.Beside || i == len(b.Parts)-1) {
			if err := b.write(p, ends, figures, bars.Offset); err != nil {
				return err
			}
		}
	}
	return nil
}

// write puts figures behind the bars' ends.
func (b *Bars) write(p *panel, ends, figures []float64, offset vg.Length) error {
	texts := plotter.XYLabels{}
	for i, v := range figures {
		texts.XYs = append(texts.XYs, plotter.XY{X: ends[i], Y: float64(len(figures) - 1 - i)})
		texts.Labels = append(texts.Labels, fmt.Sprintf(b.Format, v))
	}
	labels, err := plotter.NewLabels(texts)
	if err != nil {
		return fmt.Errorf("write the figures of %s: %w", b.Title, err)
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].YAlign = text.YCenter
	}
	labels.Offset = vg.Point{X: 4, Y: offset + 1}
	p.plot.Add(labels)
	return nil
}

// reversed, since an axis begins below.
func reversed[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
