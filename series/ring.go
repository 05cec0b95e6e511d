package series

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/sample"
)

// grain is one way to keep a series: a HASH used as a ring, of slots of so long
// each, for so long.
type grain struct {
	name string
	step time.Duration
	span time.Duration
}

// grains are the ways in which every series is kept, the finest first: an hour of
// single measurements, a day, and a week.
var grains = []grain{
	{"hour", 5 * time.Second, time.Hour},
	{"day", 2 * time.Minute, 24 * time.Hour},
	{"week", 15 * time.Minute, 7 * 24 * time.Hour},
}

// slots answers how many slots the ring has: a few more than it takes, so that none
// is written anew while it is still asked for.
func (g grain) slots() int64 { return int64(g.span/g.step) + 5 }

// keyPrefix is what the keys begin with. All are in one slot, so that one script
// reaches them.
const keyPrefix = "{helix}:series:"

func (g grain) key(name sample.Name) string { return keyPrefix + g.name + ":" + string(name) }

func grainFor(back time.Duration) grain {
	for _, g := range grains {
		if back <= g.span {
			return g
		}
	}
	return grains[len(grains)-1]
}

// pointsOf answers what a ring holds from a moment on.
func pointsOf(ring map[string]string, from time.Time) []sample.Point {
	var all []sample.Point
	for _, text := range ring {
		if p, ok := parsePoint(text); ok && !p.At.Before(from) { // else a foreign hand's, or of a round before
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b sample.Point) int { return a.At.Compare(b.At) })
	return all
}

// parsePoint reads a slot as appendLua writes it. One of a single measurement is
// of the moment when that was taken.
func parsePoint(text string) (p sample.Point, ok bool) {
	var n [6]float64
	words := strings.Fields(text)
	if len(words) != len(n) {
		return sample.Point{}, false
	}
	for i, word := range words {
		var err error
		if n[i], err = strconv.ParseFloat(word, 64); err != nil || math.IsNaN(n[i]) || math.IsInf(n[i], 0) {
			return sample.Point{}, false
		}
	}
	start, last, count := n[0], n[1], n[2]
	if count == 1 {
		start = last
	}
	return sample.Point{At: time.UnixMilli(int64(start * 1000)), Min: n[3], Max: n[4], Avg: n[5] / max(count, 1)}, true
}

// stepOf answers how far apart the points are as a rule: of single measurements
// that is for whoever takes them to say.
func stepOf(points []sample.Point, g grain) time.Duration {
	if g.name != grains[0].name || len(points) < 2 {
		return g.step
	}
	apart := make([]time.Duration, len(points)-1)
	for i := range apart {
		apart[i] = points[i+1].At.Sub(points[i].At)
	}
	slices.Sort(apart)
	return max(apart[len(apart)/2], g.step)
}
