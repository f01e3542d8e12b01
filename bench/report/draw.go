package report

import (
	"bytes"
	"errors"
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

// A Panel is one of the drawings that a picture has, one below the other.
type Panel interface {
	panel() (*panel, error)
}

const (
	width  = 640
	margin = 10
	gap    = 22 // between two panels
)

// Draw writes panels as an SVG file.
func Draw(path string, panels ...Panel) error {
	if len(panels) == 0 {
		return fmt.Errorf("draw %s: %w", path, errors.New("there is nothing in it"))
	}
	height := vg.Length(2*margin + gap*(len(panels)-1))
	drawn := make([]*panel, len(panels))
	for i, p := range panels {
		var err error
		if drawn[i], err = p.panel(); err != nil {
			return fmt.Errorf("draw %s: %w", path, err)
		}
		height += drawn[i].height
	}
	canvas := draw.NewCanvas(vgsvg.New(width, height), width, height)
	canvas.FillPolygon(color.White, []vg.Point{{}, {X: width}, {X: width, Y: height}, {Y: height}})
	top := height - margin
	for _, p := range drawn {
		p.draw(draw.Canvas{Canvas: canvas.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: margin, Y: top - p.height}, Max: vg.Point{X: width - 2*margin, Y: top},
		}})
		top -= p.height + gap
	}
	return write(path, canvas.Canvas.(*vgsvg.Canvas))
}

// Letters of one width, as wide in whatever such font a reader's browser has:
// the places of texts are reckoned from widths.
func init() {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Mono"}
	plotter.DefaultFont = plot.DefaultFont
}

var fontOf = regexp.MustCompile(`font-family:[^;"]*;`)

func write(path string, canvas *vgsvg.Canvas) error {
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
