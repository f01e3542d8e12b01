package report

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"regexp"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
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
	p.Legend.Top = true
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
	p.X.Min, p.X.Max = 0, 1.6*p.X.Max // room for the legend
	return save(p, path, vg.Points(120+30*float64(len(s.Names))))
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
	p.Y.Min, p.Y.Max = 0, 1.3*p.Y.Max // room for the legend
	if c.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	return save(p, path, vg.Points(300))
}

// Letters of one width, as wide in whatever such font a reader's browser has:
// the places of texts are reckoned from widths.
func init() {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Mono"}
	plotter.DefaultFont = plot.DefaultFont
}

var fontOf = regexp.MustCompile(`font-family:[^;"]*;`)

func save(p *plot.Plot, path string, height vg.Length) error {
	p.Title.TextStyle.Font.Size, p.Title.Padding = vg.Points(12), vg.Points(8)
	p.Legend.Padding, p.Legend.XOffs = vg.Points(4), vg.Points(-6)
	canvas := vgsvg.New(vg.Points(640), height)
	p.Draw(draw.Crop(draw.New(canvas), vg.Points(8), vg.Points(-16), vg.Points(8), vg.Points(-8)))
	var picture bytes.Buffer
	if _, err := canvas.WriteTo(&picture); err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	text := fontOf.ReplaceAll(picture.Bytes(), []byte("font-family:monospace;"))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write a picture: %w", err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("write a picture: %w", err)
	}
	return nil
}
