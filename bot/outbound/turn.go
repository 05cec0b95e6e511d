package outbound

import (
	"slices"
	"time"
)

// pump lets go whatever may go now, and arranges for the next time that
// something may. The caller holds mu.
func (q *Queue) pump() {
	now := time.Now()
	var next time.Time
	for _, rank := range byUrgency {
		for q.letOneGo(rank, now, &next) {
		}
	}
	q.wakeAt(next, now)
}

// letOneGo finds the lane whose turn it is among those with something of a rank
// that may go, and reports whether there was one. What has only to wait for a
// time brings next forward.
func (q *Queue) letOneGo(rank Rank, now time.Time, next *time.Time) bool {
	for i, l := range q.turns {
		for n, t := range l.tickets {
			if t.rank != rank || t.flying || slices.ContainsFunc(l.tickets[:n], t.follows) {
				continue
			}
			free, until := q.mayGo(t, now)
			if free {
				q.takeOff(t, now)
				q.turns = append(slices.Delete(q.turns, i, i+1), l)
				return true
			}
			if !until.IsZero() && (next.IsZero() || until.Before(*next)) {
				*next = until
			}
		}
	}
	return false
}

// mayGo reports whether a ticket may be sent now, and if not, the time from
// which it may; zero if that depends on what is under way.
func (q *Queue) mayGo(t *ticket, now time.Time) (free bool, until time.Time) {
	if q.flying >= t.rank.share(maxFlying) {
		return false, time.Time{}
	}
	until = latest(t.notBefore, q.stops.until(t.exempt), q.invalid.until(now))
	if !t.exempt {
		until = latest(until, q.pace.until())
	}
	if until.After(now) {
		return false, until
	}
	return q.buckets.of(t.where).mayTake(now)
}

func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

// takeOff sends a ticket on its way.
func (q *Queue) takeOff(t *ticket, now time.Time) {
	t.flying, t.flewAt = true, now
	t.attempt++
	t.bucket = q.buckets.of(t.where)
	t.bucket.flying++
	q.flying++
	if !t.exempt {
		q.pace.take(now)
	}
	t.turn <- struct{}{}
}

// land ends a ticket's flight.
func (q *Queue) land(t *ticket) {
	t.flying = false
	t.bucket.flying--
	q.flying--
}

// wakeAt has the queue look again at a time; zero is never.
func (q *Queue) wakeAt(at, now time.Time) {
	if q.wake != nil {
		q.wake.Stop()
		q.wake = nil
	}
	if at.IsZero() {
		return
	}
	q.wake = time.AfterFunc(at.Sub(now), func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.pump()
	})
}
