package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var colours = []color.Color{
	color.RGBA{0x1f, 0x6f, 0xb4, 0xff}, color.RGBA{0xf0, 0x8a, 0x24, 0xff}, color.RGBA{0x4b, 0x9b, 0x57, 0xff},
	color.RGBA{0xa8, 0x3a, 0x4c, 0xff}, color.RGBA{0x6b, 0x5b, 0x95, 0xff}, color.RGBA{0x7f, 0x7f, 0x7f, 0xff},
}

func colour(i int) color.Color { return colours[i%len(colours)] }

// A panel is a plot, with a title and a row of keys above it, where they hide no
// figure.
type panel struct {
	title  string
	keys   []key
	plot   *plot.Plot
	height vg.Length
}

// A key says what looks like this.
type key struct {
	name  string
	looks []plot.Thumbnailer
}

const (
	titleSize  = 12
	letterSize = 10
	iconWidth  = 18
	keyGap     = 20
)

func letters(size vg.Length) text.Style {
	return text.Style{Font: font.From(plot.DefaultFont, size), Handler: plot.DefaultTextHandler, YAlign: text.YCenter}
}

// head is how much is taken above the plot.
func (p *panel) head() vg.Length {
	if len(p.keys) == 0 {
		return titleSize + 8
	}
	return titleSize + 8 + letterSize + 8
}

func (p *panel) draw(c draw.Canvas) {
	title := letters(titleSize)
	title.XAlign = text.XCenter
	c.FillText(title, vg.Point{X: c.Center().X, Y: c.Max.Y - titleSize/2}, p.title)
	p.drawKeys(c, c.Max.Y-titleSize-8-letterSize/2)
	p.plot.Draw(draw.Crop(c, 0, 0, 0, -p.head()))
}

// drawKeys draws them side by side in the middle.
func (p *panel) drawKeys(c draw.Canvas, y vg.Length) {
	style := letters(letterSize)
	wide := vg.Length(-keyGap)
	for _, k := range p.keys {
		wide += keyWidth(style, k)
	}
	x := c.Center().X - wide/2
	for _, k := range p.keys {
		icon := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - letterSize/2}, Max: vg.Point{X: x + iconWidth, Y: y + letterSize/2},
		}}
		for _, l := range k.looks {
			l.Thumbnail(&icon)
		}
		c.FillText(style, vg.Point{X: x + iconWidth + 6, Y: y}, k.name)
		x += keyWidth(style, k)
	}
}

func keyWidth(style text.Style, k key) vg.Length {
	return iconWidth + 6 + style.Width(k.name) + keyGap
}
