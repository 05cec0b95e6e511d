package charts

import (
	"math"
	"time"
)

// scale is an axis of values, from 0 to top, with a line at every step.
type scale struct{ top, step float64 }

// mostLines is how many steps an axis of values has at most.
const mostLines = 5

// newScale answers an axis with round steps that reaches a value and some more.
func newScale(highest float64, u Unit) scale {
	if !(highest > 0) || math.IsInf(highest, 0) {
		highest = 1
	}
	highest *= 1.05
	step := nextStep(highest/mostLines, u)
	return scale{top: math.Ceil(highest/step) * step, step: step}
}

// nextStep answers the least round number that is no lower.
func nextStep(least float64, u Unit) float64 {
	if u == Bytes {
		return math.Exp2(math.Ceil(math.Log2(math.Max(least, 1))))
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, n := range []float64{1, 2, 2.5, 5, 10} {
		if step := n * power; step >= least && (step >= 1 || u != Count) {
			return math.Round(step*1e9) / 1e9
		}
	}
	return math.Max(10*power, 1)
}

// lines answers the values that have a line.
func (s scale) lines() []float64 {
	var all []float64
	for i := 0.0; i*s.step <= s.top*1.0001; i++ {
		all = append(all, i*s.step)
	}
	return all
}

// mark is a moment on an axis of time and what it is called.
type mark struct {
	at   time.Time
	text string
}

// mostMarks is how many marks an axis of time has at most.
const mostMarks = 6

// strides are what marks may be apart.
var strides = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour,
}

// marks answers round moments within a time. Those of days are at midnight, by
// the clock on the wall.
func marks(from, to time.Time, zone *time.Location) []mark {
	stride := strides[len(strides)-1]
	for _, s := range strides {
		if to.Sub(from) <= s*mostMarks {
			stride = s
			break
		}
	}
	layout := "15:04"
	if stride >= 24*time.Hour {
		layout = "Mon 2 Jan"
	}
	var all []mark
	local := from.In(zone)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	for i := 0; len(all) <= mostMarks; i++ {
		at := midnight.Add(time.Duration(i) * stride)
		if stride >= 24*time.Hour {
			at = midnight.AddDate(0, 0, i*int(stride/(24*time.Hour)))
		}
		if at.After(to) {
			break
		}
		if !at.Before(from) {
			all = append(all, mark{at, at.In(zone).Format(layout)})
		}
	}
	return all
}
