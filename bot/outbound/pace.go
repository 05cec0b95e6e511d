package outbound

import (
	"math/rand/v2"
	"time"
)

// GlobalLimit is how many requests of all kinds Discord takes in a second.
const GlobalLimit = 50

// globalPer is that second, with what the ways there may differ by.
const globalPer = time.Second + 20*time.Millisecond

// pace keeps to so many requests in any second.
type pace struct {
	sent []time.Time // a ring of the latest; empty without a limit
	next int         // the oldest of them
}

func newPace(perSecond int) pace { return pace{sent: make([]time.Time, perSecond)} }

// until is the time from which a further request may go.
func (p *pace) until() time.Time {
	if len(p.sent) == 0 {
		return time.Time{}
	}
	return p.sent[p.next].Add(globalPer)
}

func (p *pace) take(now time.Time) {
	if len(p.sent) > 0 {
		p.sent[p.next] = now
		p.next = (p.next + 1) % len(p.sent)
	}
}

// learn keeps to Discord's limit from now on.
func (p *pace) learn() {
	if len(p.sent) == 0 {
		*p = newPace(GlobalLimit)
	}
}

// pauseAfter is the wait after an attempt that failed, counted from 1: longer
// each time, up to 5 s, and never quite the same, so that what failed together
// does not come back together.
func (q *Queue) pauseAfter(attempt int) time.Duration {
	whole := min(time.Duration(attempt*attempt)*q.pause, 5*time.Second)
	return whole*3/4 + rand.N(whole/2+1)
}

// firstPause is about the wait after the first failed attempt.
const firstPause = 200 * time.Millisecond
