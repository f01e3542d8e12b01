package report

import (
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// A Stack is bars, one for each name, each of parts that stand upon each other.
type Stack struct {
	Title, Unit string
	Names       []string
	Parts       []Part
}

// A Part is one part of each bar.
type Part struct {
	Name   string
	Values []float64
}

var colours = []color.Color{
	color.RGBA{0x1f, 0x6f, 0xb4, 0xff}, color.RGBA{0xf0, 0x8a, 0x24, 0xff}, color.RGBA{0x4b, 0x9b, 0x57, 0xff},
	color.RGBA{0xa8, 0x3a, 0x4c, 0xff}, color.RGBA{0x6b, 0x5b, 0x95, 0xff}, color.RGBA{0x7f, 0x7f, 0x7f, 0xff},
}

// Draw writes the bars as an SVG file.
func (s *Stack) Draw(path string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = s.Title, s.Unit
	p.X.Min = 0
	p.Legend.Top, p.Legend.Left = true, false
	var below *plotter.BarChart
	for i, part := range s.Parts {
		bars, err := plotter.NewBarChart(plotter.Values(part.Values), vg.Points(16))
		if err != nil {
			return fmt.Errorf("draw %s: %w", part.Name, err)
		}
		bars.Horizontal, bars.LineStyle.Width, bars.Color = true, 0, colours[i%len(colours)]
		if below != nil {
			bars.StackOn(below)
		}
		below = bars
		p.Add(bars)
		if len(s.Parts) > 1 {
			p.Legend.Add(part.Name, bars)
		}
	}
	p.NominalY(s.Names...)
	return save(p, path, vg.Points(110+34*float64(len(s.Names))))
}

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

// Draw writes the chart as an SVG file.
func (c *Chart) Draw(path string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Add(plotter.NewGrid())
	p.Legend.Top = true
	for i, l := range c.Lines {
		points := make(plotter.XYs, len(l.X))
		for j := range points {
			points[j].X, points[j].Y = l.X[j], l.Y[j]
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return fmt.Errorf("draw %s: %w", l.Name, err)
		}
		line.Color, marks.Color = colours[i%len(colours)], colours[i%len(colours)]
		line.Width = vg.Points(1.5)
		p.Add(line, marks)
		if len(c.Lines) > 1 {
			p.Legend.Add(l.Name, line, marks)
		}
	}
	p.Y.Min = 0
	if c.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	return save(p, path, vg.Points(300))
}

func save(p *plot.Plot, path string, height vg.Length) error {
	writer, err := p.WriterTo(vg.Points(620), height, "svg")
	if err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write a picture: %w", err)
	}
	if _, err := writer.WriteTo(file); err != nil {
		_ = file.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.Close()
}
