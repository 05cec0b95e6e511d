package lease

import "time"

const (
	// Term is how long the right lasts without being renewed.
	Term = 5 * time.Second

	renewEvery = time.Second
	lookEvery  = 400 * time.Millisecond // a standby, whether the right is free
	askWithin  = Term / 4
	foreignFor = 10 * time.Minute // another application is kept out after the last word of one
)

// right is what an instance knows of the right to speak, without a clock of its
// own: all times are of the process's monotonic clock. Only its owner changes it.
type right struct {
	value string    // as the lease has it, while held; empty: without a token
	until time.Time // the right stands; zero: it does not
	seen  int64     // the highest token heard of
	never bool      // Redis has not answered since the start
	born  time.Time
	free  time.Time // from when on a free lease may be taken
}

func newRight(now time.Time) right { return right{never: true, born: now} }

// stands reports whether the right is held at a moment.
func (r right) stands(now time.Time) bool { return now.Before(r.until) }

// wants answers what to ask for in an attempt that begins now.
func (r right) wants(now time.Time) string {
	if r.value != "" || r.stands(now) || !now.Before(r.free) {
		return wantTake
	}
	return wantKeep
}

// answered draws the conclusions from an attempt that Redis answered, which began
// at a moment. lost reports whether what was held until then is over: somebody
// else has the right, or it had run out and may have been somebody else's since.
func (r right) answered(began time.Time, a answer) (next right, lost bool) {
	held, stood, before := !r.until.IsZero(), r.stands(began), r.value
	r.never = false
	token, _ := splitValue(a.value)
	r.seen = max(r.seen, token)
	if a.word == mine {
		r.value, r.until = a.value, began.Add(Term)
		return r, held && !stood && before != a.value
	}
	if a.word == other {
		r.free = later(r.free, began.Add(max(a.left, 0)))
	}
	r.value, r.until = "", time.Time{}
	return r, held
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// unanswered draws them from an attempt that failed, which began at a moment and
// ended at another. A right that stood then goes on; one that did not is not
// mended by a failure. Whoever else holds it goes on, too, and is left a term to renew
// it from then on, whatever is left of it in Redis.
func (r right) unanswered(began, ended time.Time) right {
	r.free = ended.Add(Term)
	switch {
	case r.stands(began):
		r.until = began.Add(Term)
	case r.never && r.until.IsZero() && began.Sub(r.born) >= Term:
		r.until = began.Add(Term)
	}
	return r
}
