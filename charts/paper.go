package charts

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"

	chart "github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// The colours. The background is one of its own, so that lines and texts have the
// same contrast wherever the chart is shown.
var (
	ground  = drawing.ColorFromHex("1e2027")
	edge    = drawing.ColorFromHex("4a4e58")
	grid    = drawing.ColorFromHex("363a44")
	ink     = drawing.ColorFromHex("f2f3f5")
	faint   = drawing.ColorFromHex("b4bac4")
	blue    = drawing.ColorFromHex("5ab0ff")
	red     = drawing.ColorFromHex("ff6b6b")
	amber   = drawing.ColorFromHex("ffc24b")
	shade   = red.WithAlpha(46)
	filling = blue.WithAlpha(52)
	band    = blue.WithAlpha(96)
)

// The sizes of texts in pixels.
const (
	large = 60
	usual = 42
	small = 36
)

// paper is what is drawn on.
type paper struct {
	chart.Renderer
	width, height int
}

func newPaper(width, height int) (*paper, error) {
	r, err := chart.PNG(width, height)
	if err != nil {
		return nil, fmt.Errorf("draw a chart: %w", err)
	}
	font, err := chart.GetDefaultFont()
	if err != nil {
		return nil, fmt.Errorf("draw a chart: %w", err)
	}
	r.SetDPI(72) // a point is a pixel
	r.SetFont(font)
	p := &paper{r, width, height}
	p.rect(0, 0, width, height, ground)
	p.line(edge, 3, nil, point{1, 1}, point{width - 2, 1}, point{width - 2, height - 2}, point{1, height - 2}, point{1, 1})
	return p, nil
}

// point is a place on a paper, from its left upper corner.
type point struct{ x, y int }

// rect fills a rectangle.
func (p *paper) rect(left, top, right, bottom int, c drawing.Color) {
	p.area(c, point{left, top}, point{right, top}, point{right, bottom}, point{left, bottom})
}

// area fills what some points enclose.
func (p *paper) area(c drawing.Color, points ...point) {
	p.SetFillColor(c)
	p.trace(points)
	p.Close()
	p.Fill()
}

// line draws a line through some points; dashes may be nil.
func (p *paper) line(c drawing.Color, width float64, dashes []float64, points ...point) {
	p.SetStrokeColor(c)
	p.SetStrokeWidth(width)
	p.SetStrokeDashArray(dashes)
	p.trace(points)
	p.Stroke()
}

func (p *paper) trace(points []point) {
	for i, at := range points {
		if i == 0 {
			p.MoveTo(at.x, at.y)
			continue
		}
		p.LineTo(at.x, at.y)
	}
}

// dot draws a filled circle.
func (p *paper) dot(c drawing.Color, radius float64, at point) {
	p.SetFillColor(c)
	p.MoveTo(at.x+int(radius), at.y)
	p.ArcTo(at.x, at.y, radius, radius, 0, 2*math.Pi)
	p.Close()
	p.Fill()
}

// align is where a text is, seen from its place.
type align float64

const (
	left   align = 0
	center align = 0.5
	right  align = 1
)

// text writes on a base line and answers how wide that is.
func (p *paper) text(text string, size float64, c drawing.Color, a align, at point) int {
	p.SetFontColor(c)
	p.SetFontSize(size)
	wide := p.MeasureText(text).Width()
	p.Text(text, at.x-int(float64(wide)*float64(a)), at.y)
	return wide
}

// picture takes what was drawn before it is encoded.
type picture struct{ *image.RGBA }

// SetRGBA is what the library hands it over to.
func (p *picture) SetRGBA(drawn *image.RGBA) { p.RGBA = drawn }

// Write is for a library that would encode it: it is not to.
func (p *picture) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

// png answers the picture.
func (p *paper) png() ([]byte, error) {
	var drawn picture
	if err := p.Save(&drawn); err != nil {
		return nil, fmt.Errorf("draw a chart: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, reduced(drawn.RGBA)); err != nil {
		return nil, fmt.Errorf("write a chart: %w", err)
	}
	return out.Bytes(), nil
}
