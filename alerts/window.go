package alerts

import (
	"slices"
	"time"

	"github.com/helix-collective/helix/sample"
)

// Window is what was measured lately, the oldest first.
type Window []sample.Sample

// Last answers the newest sample; the window may not be empty.
func (w Window) Last() sample.Sample { return w[len(w)-1] }

const (
	recent     = 5 * time.Minute // samples of this age and younger are all kept
	maxRecent  = 320             // of them: five minutes of one a second, and some
	maxThinned = 120             // of those that are older
)

// add answers the window with one sample more, without what is older than
// span. Of the samples that are not recent about maxThinned are kept, evenly.
// A sample that is older than the last begins the window anew: the clock was
// put back, and no rate over it would be true.
func (w Window) add(s sample.Sample, span time.Duration) Window {
	if len(w) > 0 && s.At.Before(w.Last().At) {
		return Window{s}
	}
	w = append(w, s)
	span = max(span, recent)
	oldest, young := s.At.Add(-span), s.At.Add(-recent)
	split := max(0, len(w)-maxRecent)
	for split < len(w)-1 && w[split].At.Before(young) {
		split++
	}
	kept := make(Window, 0, len(w))
	for _, old := range w[:split] {
		if !old.At.Before(oldest) && (len(kept) == 0 || old.At.Sub(kept.Last().At) >= span/maxThinned) {
			kept = append(kept, old)
		}
	}
	kept = append(kept, w[split:]...)
	return kept[max(0, len(kept)-maxRecent-maxThinned):]
}

// since answers the part of the window that is not older than d.
func (w Window) since(d time.Duration) Window {
	from := w.Last().At.Add(-d)
	i, _ := slices.BinarySearchFunc(w, from, func(s sample.Sample, at time.Time) int { return s.At.Compare(at) })
	return w[i:]
}

// total sums a rate a minute over the last while: how many there were. A rate
// is over the time since the sample before, which for the first is not known.
func (w Window) total(rate sample.Name, d time.Duration) (sum float64, ok bool) {
	part := w.since(d)
	first := len(w) - len(part)
	for i := first; i < len(w); i++ {
		perMin, measured := w[i].Get(rate)
		if !measured {
			continue
		}
		ok = true
		if i > 0 {
			sum += perMin * min(w[i].At.Sub(w[i-1].At), d).Minutes()
		} else {
			sum += perMin / 60 // at least a second's worth, so that any is not none
		}
	}
	_, now := w.Last().Get(rate)
	return sum, ok && now
}
