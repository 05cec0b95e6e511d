package charts

import (
	"math"
	"time"

	"github.com/wcharczuk/go-chart/v2/drawing"

	"github.com/helix-collective/helix/sample"
)

// area is a part of a paper with a scale of time and one of values.
type area struct {
	left, top, right, bottom int
	from, to                 time.Time
	scale                    scale
}

func (a area) x(at time.Time) int {
	return a.left + along(a.right-a.left, at.Sub(a.from).Seconds()/a.to.Sub(a.from).Seconds())
}

func (a area) y(value float64) int { return a.bottom - along(a.bottom-a.top, value/a.scale.top) }

// along answers a part of a length; what lies outside is at its end, and what is
// no number at its begin.
func along(length int, part float64) int {
	if math.IsNaN(part) {
		return 0
	}
	return int(min(max(part, 0), 1)*float64(length) + 0.5)
}

func (a area) has(at time.Time) bool { return !at.Before(a.from) && !at.After(a.to) }

// plot draws the whole chart.
func (c Chart) plot(p *paper) {
	a := area{left: marginLeft, top: marginTop, right: width - marginRight, bottom: height - marginBottom, from: c.From, to: c.To}
	a.scale = newScale(c.highest(), c.Unit)
	c.heading(p)
	c.axes(p, a)
	for _, span := range c.Incidents {
		a.span(p, span)
	}
	if len(c.Series.Points) == 0 {
		p.text("no data yet", usual, faint, center, point{(a.left + a.right) / 2, (a.top + a.bottom) / 2})
	}
	a.series(p, c.Series, blue)
	a.forecast(p, c.Series, c.Forecast)
	if c.Limit > 0 {
		a.level(p, c.Limit, faint, nil, c.LimitName+" "+c.Unit.Text(c.Limit), true)
	}
	if c.Threshold > 0 {
		a.level(p, c.Threshold, red, []float64{26, 14}, "alert above "+c.Unit.Text(c.Threshold), c.Limit == 0)
	}
}

// highest answers the highest value that is to be seen.
func (c Chart) highest() float64 {
	most := max(c.Threshold, c.Limit)
	for _, list := range [][]sample.Point{c.Series.Points, c.Forecast} {
		for _, one := range list {
			if !one.At.Before(c.From) && !one.At.After(c.To) {
				most = max(most, one.Max, one.Avg)
			}
		}
	}
	return most
}

func (c Chart) heading(p *paper) {
	p.text(c.Title, large, ink, left, point{50, 92})
	if last, ok := c.Series.Last(); ok {
		p.text(c.Unit.Text(last), large, blue, right, point{width - marginRight, 92})
	}
}

// axes draws a line for each step of the values and a name for each mark of time.
func (c Chart) axes(p *paper, a area) {
	for _, value := range a.scale.lines() {
		y := a.y(value)
		p.line(grid, 2, nil, point{a.left, y}, point{a.right, y})
		p.text(c.Unit.tick(value), small, faint, right, point{a.left - 20, y + small/3})
	}
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	for _, m := range marks(c.From, c.To, zone) {
		x := a.x(m.at)
		p.line(grid, 2, nil, point{x, a.bottom}, point{x, a.bottom + 14})
		p.text(m.text, small, faint, center, point{min(max(x, a.left+20), a.right-60), a.bottom + 58})
	}
	name, _ := c.From.In(zone).Zone()
	p.text(name, small, faint, left, point{50, a.bottom + 58})
}

// span shades a time, as far as it is to be seen.
func (a area) span(p *paper, s Span) {
	if s.To.IsZero() {
		s.To = a.to
	}
	if s.To.Before(a.from) || s.From.After(a.to) {
		return
	}
	from, to := a.x(s.From), max(a.x(s.To), a.x(s.From)+4)
	p.rect(from, a.top, to, a.bottom, shade)
	p.line(red, 4, nil, point{from, a.top}, point{to, a.top})
}

// level draws a line at a value, with its name above or below it.
func (a area) level(p *paper, value float64, c drawing.Color, dashes []float64, name string, above bool) {
	y := a.y(value)
	p.line(c, 4, dashes, point{a.left, y}, point{a.right, y})
	at := point{a.left + 16, y - 14}
	if !above {
		at.y = y + small + 6
	}
	p.text(name, small, c, left, at)
}

// series draws what was measured: a line through the averages, and what lay
// between the lowest and the highest.
func (a area) series(p *paper, s sample.Series, c drawing.Color) {
	for _, run := range a.runs(s) {
		var low, high, line []point
		for _, one := range run {
			x := a.x(one.At)
			line = append(line, point{x, a.y(one.Avg)})
			high = append(high, point{x, a.y(one.Max)})
			low = append(low, point{x, a.y(one.Min)})
		}
		if len(line) == 1 {
			p.dot(c, 6, line[0])
			continue
		}
		first, last := line[0], line[len(line)-1]
		p.area(filling, append(append([]point{{first.x, a.bottom}}, line...), point{last.x, a.bottom})...)
		for i := range low {
			high = append(high, low[len(low)-1-i])
		}
		p.area(band, high...)
		p.line(c, 5, nil, line...)
	}
}

// runs answers the points to be seen, parted where something is missing.
func (a area) runs(s sample.Series) [][]sample.Point {
	var all [][]sample.Point
	broken := true
	for i, one := range s.Points {
		broken = broken || s.Gap(i)
		if !a.has(one.At) {
			continue
		}
		if broken {
			all = append(all, nil)
		}
		broken = false
		all[len(all)-1] = append(all[len(all)-1], one)
	}
	return all
}

// forecast draws what is expected, from the last point on.
func (a area) forecast(p *paper, s sample.Series, expected []sample.Point) {
	var line []point
	if n := len(s.Points); n > 0 && a.has(s.Points[n-1].At) {
		line = append(line, point{a.x(s.Points[n-1].At), a.y(s.Points[n-1].Avg)})
		p.dot(ink, 11, line[0])
	}
	for _, one := range expected {
		if a.has(one.At) {
			line = append(line, point{a.x(one.At), a.y(one.Avg)})
		}
	}
	if len(line) > 1 {
		p.line(amber, 5, []float64{18, 14}, line...)
	}
}
