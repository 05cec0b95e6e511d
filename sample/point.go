package sample

import "time"

// Series is what one value was over some time.
type Series struct {
	Name   Name
	Step   time.Duration // about how far apart the points are where nothing is missing
	Points []Point       // the oldest first
}

// Point is one value at a moment, or of a span that began then.
type Point struct {
	At            time.Time
	Min, Max, Avg float64 // all the same for a single measurement
}

// Gap reports whether something is missing right before the point of that index.
func (s Series) Gap(i int) bool {
	return i > 0 && s.Points[i].At.Sub(s.Points[i-1].At) > 5*s.Step/2
}

// Last answers the newest value; ok is false where there is none.
func (s Series) Last() (value float64, ok bool) {
	if len(s.Points) == 0 {
		return 0, false
	}
	return s.Points[len(s.Points)-1].Avg, true
}
