package alerts

import (
	"fmt"
	"slices"
	"time"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

const (
	fewestPoints  = 6    // a slope over fewer is a guess
	fewestSpan    = 6    // the part of alerts.growth_window that has to be covered
	leastGrowth   = 0.01 // of maxmemory within the window; what is less is noise
	growthLeeway  = 1.2  // of alerts.growth_within: an incident ends above that
	maxGrowthTime = 365 * 24 * time.Hour
)

// Slope answers how much a value rises in a second by the window, as the median
// of the slopes between all pairs of samples (Theil and Sen): a third of them
// may be far off without moving it. ok is false where there are too few.
func (w Window) Slope(name sample.Name) (perSecond float64, ok bool) {
	type point struct{ at, value float64 }
	points := make([]point, 0, len(w))
	for _, s := range w {
		if v, measured := s.Get(name); measured {
			points = append(points, point{s.At.Sub(w[0].At).Seconds(), v})
		}
	}
	if len(points) < fewestPoints {
		return 0, false
	}
	slopes := make([]float64, 0, len(points)*(len(points)-1)/2)
	for i, a := range points {
		for _, b := range points[i+1:] {
			if b.at > a.at {
				slopes = append(slopes, (b.value-a.value)/(b.at-a.at))
			}
		}
	}
	if len(slopes) == 0 {
		return 0, false
	}
	slices.Sort(slopes)
	return slopes[len(slopes)/2], true
}

// judgeGrowth foresees when memory reaches maxmemory.
func judgeGrowth(s *settings.Snapshot, w Window) Verdict {
	within, back := s.Duration(settings.AlertsGrowthWithin), s.Duration(settings.AlertsGrowthWindow)
	used, known := w.Last().Get(sample.MemoryUsed)
	limit, limited := w.Last().Get(sample.MaxMemory)
	part := w.since(back).spread(maxThinned)
	slope, ok := part.Slope(sample.MemoryUsed)
	covered := part.Last().At.Sub(part[0].At)
	switch {
	case !known || !limited:
		return unmeasured()
	case limit == 0:
		return state(false, "maxmemory is not set.")
	case !ok || covered < back/fewestSpan:
		return unknown("There are too few measurements yet for a slope.")
	case slope*covered.Seconds() < limit*leastGrowth:
		return state(false, "Memory use does not grow noticeably.")
	}
	left := time.Duration(min(max(0, limit-used)/slope, maxGrowthTime.Seconds()) * float64(time.Second))
	v := Verdict{Status: OK, Value: left.Seconds(), Threshold: within.Seconds(), Words: fmt.Sprintf(
		"Memory reaches maxmemory in %s at %s an hour, the slope of the last %s; the threshold is %s.",
		span(left), bytes(slope*3600), span(covered), span(within))}
	switch {
	case left < within:
		v.Status = Firing
	case left < time.Duration(float64(within)*growthLeeway):
		v.Status = Between
	}
	return v
}

// spread answers at most n samples of the window, evenly by number, the last
// one among them.
func (w Window) spread(n int) Window {
	step := (len(w) + n - 1) / n
	if step <= 1 {
		return w
	}
	var few Window
	for i := (len(w) - 1) % step; i < len(w); i += step {
		few = append(few, w[i])
	}
	return few
}
