package series

import (
	"math"
	"testing"
)

// FuzzPoint holds that what a foreign hand puts into a slot is a point of numbers
// that can be drawn, or none.
func FuzzPoint(f *testing.F) {
	f.Add("1700000000 1700000001 2 1 3 4")
	f.Add("NaN 1 1 1 1 1")
	f.Add("1 1 0 1e308 1e308 -1e308")
	f.Add("1 1 1 +Inf 1 1")
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := parsePoint(text)
		for _, n := range []float64{p.Min, p.Max, p.Avg} {
			if ok && (math.IsNaN(n) || math.IsInf(n, 0)) {
				t.Errorf("%q is %+v", text, p)
			}
		}
	})
}
