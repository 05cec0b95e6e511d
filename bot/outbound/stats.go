package outbound

import (
	"slices"
	"time"
)

// Stats is what has become of the requests since the start, and what waits now.
type Stats struct {
	Sent       uint64 // taken by Discord
	Refused    uint64 // refused by Discord for good
	Retried    uint64 // attempts beyond the first, 429s left out
	Limited    uint64 // 429s
	Superseded uint64 // not sent, as a later request said more
	GivenUp    uint64 // ended without an answer, or with Discord failing

	Waiting int // in the queue, those under way left out
	Flying  int // under way
	Buckets int // remembered
	Invalid int // refusals in the last ten minutes

	LastSent time.Time // when Discord last took a change
	Latency  Latency
}

// Latency is how long requests that Discord took needed, waits included.
type Latency struct {
	Bounds []time.Duration // the upper bound of each count
	Counts []uint64        // one more than Bounds: the last is what took longer
	Sum    time.Duration
}

func newStats() Stats {
	bounds := []time.Duration{
		5 * time.Millisecond, 25 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
		time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute,
	}
	return Stats{Latency: Latency{Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}}
}

func (l *Latency) add(d time.Duration) {
	n, _ := slices.BinarySearch(l.Bounds, d)
	l.Counts[n]++
	l.Sum += d
}

// end counts what became of a ticket.
func (s *Stats) end(t *ticket, resp *Response, err error, now time.Time) {
	switch {
	case t.state == superseded:
		s.Superseded++
	case t.failed(resp, err):
		s.GivenUp++
	case resp.Status >= 400:
		s.Refused++
	default:
		s.Sent++
		s.Latency.add(now.Sub(t.asked))
		if t.order != "" {
			s.LastSent = now
		}
	}
}

// Stats answers how the queue is.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.counts
	s.Waiting, s.Flying, s.Buckets, s.Invalid = q.held-q.flying, q.flying, len(q.buckets.inUse), q.invalid.sum
	s.Latency.Counts = slices.Clone(s.Latency.Counts)
	return s
}

// LastSent answers when Discord last took a change; zero if never.
func (q *Queue) LastSent() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.counts.LastSent
}
