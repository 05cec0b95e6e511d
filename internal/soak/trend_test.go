package soak

import (
	"fmt"
	"slices"
	"testing"
)

// trend is what became of a figure over a soak, part by part.
type trend struct {
	first, last float64 // the medians of the first and the last third
	growth      float64 // by the slope, over the whole time
}

func (t trend) String() string {
	return fmt.Sprintf("%.1f to %.1f (slope %+.1f)", t.first, t.last, t.growth)
}

// trendOf judges values at even distances. The slope is the median of those
// between each two of them (Theil and Sen), so that one that stands out means
// nothing.
func trendOf(all []float64) trend {
	third := max(len(all)/3, 1)
	t := trend{first: medianOf(all[:third]), last: medianOf(all[len(all)-third:])}
	var slopes []float64
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			slopes = append(slopes, (all[j]-all[i])/float64(j-i))
		}
	}
	t.growth = medianOf(slopes) * float64(len(all)-1)
	return t
}

// medianOf answers the middle of some values, the lower one of two.
func medianOf(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(all))[(len(all)-1)/2]
}

// grows reports whether a figure grew by more than is allowed, by its slope and by
// its thirds: one alone may be chance.
func (t trend) grows(allowed float64) bool { return min(t.growth, t.last-t.first) > allowed }

func TestATrendIsSeenThroughNoise(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		grows  bool
	}{
		{"noise", []float64{20, 23, 21, 26, 22, 20}, false},
		{"a leak under noise", []float64{20, 27, 23, 31, 30, 33}, true},
		{"a peak", []float64{20, 21, 900, 20, 21, 20}, false},
		{"a peak at the end", []float64{20, 21, 20, 20, 21, 900}, false},
		{"a fall", []float64{60, 50, 40, 30, 20, 10}, false},
		{"too little to tell", []float64{60}, false},
	} {
		if got := trendOf(c.values); got.grows(4) != c.grows {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
