// Package clock tells the time of Redis, which all instances of Helix share, so
// that what ends at a time ends at the same moment for all of them. Between two
// looks at Redis it counts on by a clock that nobody sets: it never follows the
// local one, whatever that jumps to.
package clock

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is whoever is asked for the time.
type server interface {
	Time(ctx context.Context) *redis.TimeCmd
}

// Clock is the time of one Redis. Its methods may be called from several
// goroutines.
type Clock struct {
	server server
	local  func() time.Time
	known  atomic.Pointer[reading]
}

// reading is what Redis said once.
type reading struct {
	theirs time.Time
	ours   time.Time // when that was; counts by a clock that nobody sets
}

// New answers the clock of a Redis, which is not asked yet: until then it is the
// local one.
func New(s server) *Clock { return &Clock{server: s, local: time.Now} }

// Now answers the time.
func (c *Clock) Now() time.Time {
	r := c.known.Load()
	if r == nil {
		return c.local().Round(0).UTC()
	}
	return r.at(time.Now())
}

func (r *reading) at(now time.Time) time.Time { return r.theirs.Add(now.Sub(r.ours)) }

// asleep is by how much a reading may differ from Now for no other reason than that
// this process was not running at the moment.
const asleep = time.Millisecond

// Sync asks Redis for its time. What lies within the time that the answer took says
// nothing new, and does not make Now jump.
func (c *Clock) Sync(ctx context.Context) error {
	began := time.Now()
	theirs, err := c.server.Time(ctx).Result()
	if err != nil {
		return fmt.Errorf("ask Redis for the time: %w", err)
	}
	took := time.Since(began)
	next := &reading{theirs.UTC(), began.Add(took / 2)}
	last := c.known.Load()
	if last == nil || last.at(next.ours).Sub(next.theirs).Abs() > took/2+asleep {
		c.known.Store(next)
	}
	return nil
}

// syncEvery is how often Run asks, and askWithin how long it waits for the answer.
const (
	syncEvery = 10 * time.Second
	askWithin = 2 * time.Second
)

// Run asks Redis again and again until ctx ends. While Redis is away the clock
// counts on.
func (c *Clock) Run(ctx context.Context) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		c.ask(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *Clock) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	_ = c.Sync(ctx) // the next one tries again
}
