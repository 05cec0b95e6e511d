package keyspace

import (
	"context"
	"time"
)

const (
	aim      = time.Millisecond // of server time a call
	minCount = 50
	maxCount = 1000 // what a guess may be wrong by stays below a few milliseconds
	firstGo  = 200  // before anything was measured
)

// pace decides how many keys to ask for, so that a call keeps the server busy
// for about a millisecond, and how long to rest in between.
type pace struct {
	fixed   int
	share   int
	floor   time.Duration // what the way there and back costs
	perKey  float64       // nanoseconds, smoothed
	counted int
}

func newPace(q Query) *pace {
	p := &pace{fixed: min(q.Count, maxCount), share: q.Share, counted: firstGo}
	if p.share <= 0 || p.share > 100 {
		p.share = 100
	}
	return p
}

// count answers how many keys the next call shall look at.
func (p *pace) count() int {
	if p.fixed > 0 {
		return p.fixed
	}
	return p.counted
}

// measured learns from a call. What it took beyond the way there and back is
// the server's work; a call that was held up by something else counts little.
func (p *pace) measured(count int, took time.Duration) {
	work := max(took-p.floor, took/4)
	sample := float64(work) / float64(count)
	if p.perKey == 0 {
		p.perKey = sample
	}
	sample = min(sample, 2*p.perKey)
	p.perKey += (sample - p.perKey) / 8
	p.counted = min(max(int(float64(aim)/p.perKey), minCount), maxCount)
}

// rest waits so that the server is busy for no more than its share of time.
func (p *pace) rest(ctx context.Context, took time.Duration) error {
	if p.share == 100 {
		return nil
	}
	return sleep(ctx, took*time.Duration(100-p.share)/time.Duration(p.share))
}
