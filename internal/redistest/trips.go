package redistest

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Trips counts the round trips of a client from CountTrips on, but for those
// that greet the server.
type Trips struct{ n atomic.Int64 }

// CountTrips has the round trips of a client counted.
func CountTrips(client redis.UniversalClient) *Trips {
	t := &Trips{}
	client.AddHook(t)
	return t
}

// Made answers how many there were since it was asked last.
func (t *Trips) Made() int { return int(t.n.Swap(0)) }

func (t *Trips) count(first redis.Cmder) {
	if name := first.Name(); name != "hello" && name != "client" {
		t.n.Add(1)
	}
}

// DialHook is part of redis.Hook.
func (t *Trips) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook is part of redis.Hook.
func (t *Trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		t.count(cmd)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook is part of redis.Hook.
func (t *Trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		t.count(cmds[0])
		return next(ctx, cmds)
	}
}
