package sessions

import "time"

const (
	strideAim  = time.Millisecond // of a server's time a round trip
	firstSteps = 4                // in a round trip, before anything was measured
	// actAtOnce is how many steps go in one round trip at most: what a wrong
	// measurement costs stays a few milliseconds.
	actAtOnce = 64
)

// stride decides how many steps of one kind go in a round trip, so that a server
// is at them for about a millisecond. What the way there and back takes counts as
// its work, which errs to its advantage.
type stride struct {
	each, last float64 // ns a step: smoothed, and of the last round trip alone
	steps      int     // that go in the next one; 0: nothing was measured yet
}

// next answers how many steps go in the next round trip.
func (s *stride) next() int {
	if s.steps == 0 {
		return firstSteps
	}
	return s.steps
}

// learn learns from a round trip of some steps. A single one that was held up by
// something else counts for nothing, and the number never more than doubles.
func (s *stride) learn(steps int, took time.Duration) {
	sample := max(float64(took)/float64(steps), 1)
	if s.steps == 0 {
		s.each, s.last = sample, sample
	}
	s.each += (min(sample, s.last) - s.each) / 4
	s.last = sample
	s.steps = min(max(int(float64(strideAim)/s.each), 1), 2*steps, actAtOnce)
}
