package redistest

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Trips counts the round trips of a client from CountTrips on, but for those
// that greet the server or ask how a Cluster is laid out.
type Trips struct{ n atomic.Int64 }

// CountTrips has the round trips of a client counted; in a Cluster each one to each
// node, also where they are under way at once.
func CountTrips(client redis.UniversalClient) *Trips {
	t := &Trips{}
	cluster, ok := client.(*redis.ClusterClient)
	if !ok {
		client.AddHook(t)
		return t
	}
	var mu sync.Mutex
	counted := make(map[*redis.Client]bool)
	count := func(node *redis.Client) {
		mu.Lock()
		defer mu.Unlock()
		if !counted[node] {
			counted[node] = true
			node.AddHook(t)
		}
	}
	cluster.OnNewNode(count)
	// What cannot be told which nodes it knows already meets them as new ones.
	_ = cluster.ForEachShard(context.Background(), func(_ context.Context, node *redis.Client) error { count(node); return nil })
	return t
}

// Made answers how many there were since it was asked last.
func (t *Trips) Made() int { return int(t.n.Swap(0)) }

func (t *Trips) count(first redis.Cmder) {
	if name := first.Name(); name != "hello" && name != "client" && name != "cluster" {
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
