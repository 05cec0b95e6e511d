package embedded

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

const (
	// tick is how often time passes for the keys. miniredis would let it pass
	// with every command, at the cost of a look at all keys each time.
	tick = 50 * time.Millisecond
	// tickShare bounds that cost where there are many keys: a tick is followed
	// by a pause of so many times its own length.
	tickShare = 20
)

// countDown lets keys expire until ctx ends. A key may do so early by the time
// between two ticks, never by more.
func (s *Server) countDown(ctx context.Context) {
	own := &call{Server: s, peer: server.NewPeer(bufio.NewWriter(io.Discard))}
	last := time.Now()
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		own.pass(now.Sub(last))
		last = now
		timer.Reset(max(tick, tickShare*time.Since(now)))
	}
}

// pass lets time pass while no command runs, and counts what expired.
func (c *call) pass(elapsed time.Duration) {
	c.still.Lock()
	defer c.still.Unlock()
	before := c.size()
	c.mini.FastForward(elapsed)
	c.stats.expired.Add(int64(max(before-c.size(), 0)))
}

// size counts the keys of all databases, for a caller that holds still.
func (c *call) size() (total int) {
	for db := range databases {
		c.dispatch([]string{"select", strconv.Itoa(db)}, false)
		n, _ := parsed(c.dispatch([]string{"dbsize"}, false)).(int)
		total += n
	}
	return total
}
