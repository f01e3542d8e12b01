package pictured

import (
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// A picture is what is written in an SVG file.
type picture struct {
	ViewBox string  `xml:"viewBox,attr"`
	Labels  []label `xml:"g>text"`
	Shapes  []shape `xml:"g>path"`
}

type shape struct {
	Path string `xml:"d,attr"`
}

type label struct {
	X     float64 `xml:"x,attr"`
	Y     float64 `xml:"y,attr"` // of the line that the letters stand on, from below, and negative
	Style string  `xml:"style,attr"`
	Text  string  `xml:",chardata"`
}

func read(t *testing.T, path string) *picture {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var p picture
	require.NoError(t, xml.Unmarshal(data, &p), path)
	return &p
}

func (p *picture) words() []string {
	all := make([]string, len(p.Labels))
	for i, l := range p.Labels {
		all[i] = l.Text
	}
	return all
}

var number = regexp.MustCompile(`-?[\d.]+`)

// places are where lines and bars begin and end.
func (p *picture) places(t *testing.T) (all []float64) {
	t.Helper()
	for _, s := range p.Shapes {
		for _, text := range number.FindAllString(s.Path, -1) {
			v, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			all = append(all, v)
		}
	}
	return all
}

// faults are labels of which not all is inside, or that cover another.
func (p *picture) faults(t *testing.T) (found []string) {
	t.Helper()
	var left, below, width, height float64
	_, err := fmt.Sscan(p.ViewBox, &left, &below, &width, &height)
	require.NoError(t, err, p.ViewBox)
	for i, l := range p.Labels {
		b := l.box(t)
		if b.left < 0 || b.right > width || b.below < 0 || b.above > height {
			found = append(found, fmt.Sprintf("%q is cut off", l.Text))
		}
		for _, other := range p.Labels[:i] {
			if o := other.box(t); b.left < o.right && o.left < b.right && b.below < o.above && o.below < b.above {
				found = append(found, fmt.Sprintf("%q covers %q", l.Text, other.Text))
			}
		}
	}
	return found
}

type box struct{ left, right, below, above float64 }

var sizeOf = regexp.MustCompile(`font-size:([\d.]+)px`)

// box is what a label takes: letters of one width are 0.6 of their height wide.
func (l *label) box(t *testing.T) box {
	t.Helper()
	size := sizeOf.FindStringSubmatch(l.Style)
	require.NotNil(t, size, l.Style)
	high, err := strconv.ParseFloat(size[1], 64)
	require.NoError(t, err)
	return box{l.X, l.X + 0.6*high*float64(utf8.RuneCountInString(l.Text)), -l.Y - 0.2*high, -l.Y + 0.7*high}
}
