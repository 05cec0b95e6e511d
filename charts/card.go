package charts

import (
	"time"

	"github.com/helix-collective/helix/sample"
)

// Row is one line of a card: what it is, how much it is now, and how that came
// about.
type Row struct {
	Label     string
	Series    sample.Series
	Unit      Unit
	Threshold float64 // 0: none; a value above it is shown in red
	Limit     float64 // 0: none; it is named, and the scale reaches it
}

// Rows are the three rows of the card for the status.
func Rows(sessions, created, memory sample.Series, maxmemory float64) []Row {
	return []Row{
		{Label: "Sessions", Series: sessions, Unit: Count},
		{Label: "New sessions", Series: created, Unit: PerMinute},
		{Label: "Memory", Series: memory, Unit: Bytes, Limit: maxmemory},
	}
}

// rowHeight is how high a row of a card is, in pixels.
const rowHeight = 180

// Card draws a row for each of some series, over the same time.
func Card(from, to time.Time, rows []Row) ([]byte, error) {
	p, err := newPaper(width, rowHeight*len(rows)+20)
	if err != nil {
		return nil, err
	}
	if !to.After(from) {
		to = from.Add(time.Hour)
	}
	for i, r := range rows {
		r.draw(p, 10+i*rowHeight, from, to)
		if i > 0 {
			p.line(grid, 2, nil, point{40, 10 + i*rowHeight}, point{width - 40, 10 + i*rowHeight})
		}
	}
	return p.png()
}

func (r Row) draw(p *paper, top int, from, to time.Time) {
	a := area{left: 640, top: top + 24, right: width - 50, bottom: top + rowHeight - 24, from: from, to: to}
	c := Chart{Series: r.Series, Threshold: r.Threshold, Limit: r.Limit, From: from, To: to}
	a.scale = scale{top: max(c.highest(), 1) * 1.05}
	value, colour := "–", faint
	if last, ok := r.Series.Last(); ok {
		value, colour = r.Unit.Text(last), ink
		if r.Threshold > 0 && last > r.Threshold {
			colour = red
		}
	}
	label := r.Label
	if r.Limit > 0 {
		label += " of " + r.Unit.Text(r.Limit)
	}
	p.text(label, usual, faint, left, point{50, top + 66})
	p.text(value, large+6, colour, left, point{50, top + 144})
	p.line(grid, 2, nil, point{a.left, a.bottom}, point{a.right, a.bottom})
	a.series(p, r.Series, blue)
	if r.Limit > 0 {
		p.line(faint, 3, nil, point{a.left, a.y(r.Limit)}, point{a.right, a.y(r.Limit)})
	}
	if r.Threshold > 0 {
		p.line(red, 3, []float64{20, 12}, point{a.left, a.y(r.Threshold)}, point{a.right, a.y(r.Threshold)})
	}
	a.forecast(p, r.Series, nil)
}
