// Package charts draws PNG charts of a series that can be read on a phone, on
// Discord's dark and its light background. The same input makes the same bytes. It
// measures nothing, shows no gap as a line, and knows no person by name.
package charts

import (
	"time"

	"github.com/helix-collective/helix/sample"
)

// Chart is one series over some time.
type Chart struct {
	Title    string
	Series   sample.Series
	Unit     Unit
	From, To time.Time      // what is shown; To may be in the future, for a forecast
	Zone     *time.Location // of the times on the axis; nil: UTC

	Threshold float64        // what an alert is raised above; 0: none
	Limit     float64        // what there may be at most; 0: none
	LimitName string         // as in maxmemory
	Forecast  []sample.Point // what is expected; by Avg, after the last of Series
	Incidents []Span
}

// Span is a time that is pointed out, from its begin to its end. One that goes on
// has no To.
type Span struct{ From, To time.Time }

// Frame is what charts of different values have in common.
type Frame struct {
	From, To  time.Time
	Zone      *time.Location
	Incidents []Span
}

func (f Frame) chart(title string, s sample.Series, u Unit) Chart {
	return Chart{Title: title, Series: s, Unit: u, From: f.From, To: f.To, Zone: f.Zone, Incidents: f.Incidents}
}

// Sessions is the chart of how many sessions there are. A threshold of 0 is none.
func Sessions(s sample.Series, threshold float64, f Frame) Chart {
	c := f.chart("Sessions", s, Count)
	c.Threshold = threshold
	return c
}

// CreationRate is the chart of how many sessions are made a minute.
func CreationRate(s sample.Series, threshold float64, f Frame) Chart {
	c := f.chart("New sessions", s, PerMinute)
	c.Threshold = threshold
	return c
}

// Memory is the chart of the memory that is used, in bytes, against maxmemory,
// which is 0 where there is none, and against percent of it. forecast is what will
// be used if it goes on like that.
func Memory(used sample.Series, maxmemory, percent float64, forecast []sample.Point, f Frame) Chart {
	c := f.chart("Memory", used, Bytes)
	c.Limit, c.LimitName = maxmemory, "maxmemory"
	c.Threshold = maxmemory * percent / 100
	c.Forecast = forecast
	return c
}

// The size of a chart in pixels: twice what is shown of it at a desk, four times
// on a phone.
const (
	width  = 1600
	height = 800
)

// The margins of the area in which is drawn.
const (
	marginLeft   = 210
	marginRight  = 50
	marginTop    = 150
	marginBottom = 100
)

// PNG draws the chart.
func (c Chart) PNG() ([]byte, error) {
	p, err := newPaper(width, height)
	if err != nil {
		return nil, err
	}
	if !c.To.After(c.From) {
		c.To = c.From.Add(time.Hour)
	}
	c.plot(p)
	return p.png()
}
