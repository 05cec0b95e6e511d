package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sample"
)

// node is one server and what it answered.
type node struct {
	client  *redis.Client
	address string // empty where there is only one
	master  bool

	err     error // it did not answer
	refused error // it answered, but would not tell
	latency time.Duration
	now     time.Time
	info    info
	saves   string // the parameter save, where the server tells it
	told    bool   // it does
	healthy bool   // its Cluster is, as it sees it

	values map[sample.Name]float64
}

// ask asks every server, all at the same time.
func (p *Prober) ask(ctx context.Context) ([]*node, error) {
	nodes, err := p.nodes(ctx)
	if err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	for _, n := range nodes {
		group.Go(func() { n.ask(ctx) })
	}
	group.Wait()
	p.lookAgain(ctx, nodes)
	return nodes, nil
}

// nodes answers the servers, the masters first.
func (p *Prober) nodes(ctx context.Context) ([]*node, error) {
	cluster, ok := p.client.(*redis.ClusterClient)
	if !ok {
		return []*node{{client: p.client.(*redis.Client), master: true}}, nil
	}
	var mu sync.Mutex
	var all []*node
	collect := func(master bool) func(context.Context, *redis.Client) error {
		return func(_ context.Context, c *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, &node{client: c, address: c.Options().Addr, master: master})
			return nil
		}
	}
	err := cluster.ForEachMaster(ctx, collect(true))
	if err == nil {
		err = cluster.ForEachSlave(ctx, collect(false))
	}
	if err != nil {
		return nil, fmt.Errorf("find the servers: %w", err)
	}
	slices.SortFunc(all, func(a, b *node) int {
		if a.master != b.master {
			return map[bool]int{true: -1, false: 1}[a.master]
		}
		return strings.Compare(a.address, b.address)
	})
	return all, nil
}

// lookAgain has a Cluster's client learn who serves what, if somebody is away.
func (p *Prober) lookAgain(ctx context.Context, nodes []*node) {
	cluster, ok := p.client.(*redis.ClusterClient)
	if ok && slices.ContainsFunc(nodes, func(n *node) bool { return n.err != nil }) {
		cluster.ReloadState(ctx)
	}
}

// ask asks one server for everything in one round trip, and for nothing in
// another, to see how long that takes. Plain INFO has every section that is
// needed, on any server of any age.
func (n *node) ask(ctx context.Context) {
	var now *redis.TimeCmd
	var text, cluster *redis.StringCmd
	var save *redis.MapStringStringCmd
	_, _ = n.client.Pipelined(ctx, func(p redis.Pipeliner) error { // each has its error
		now, text = p.Time(ctx), p.Info(ctx)
		save = p.ConfigGet(ctx, "save")
		if n.address != "" {
			cluster = p.ClusterInfo(ctx)
		}
		return nil
	})
	began := time.Now()
	if n.err = n.client.Ping(ctx).Err(); n.err != nil {
		return
	}
	n.latency = time.Since(began)
	n.now, n.refused = now.Val(), text.Err()
	n.info = parseInfo(text.Val())
	n.saves, n.told = save.Val()["save"]
	n.healthy = cluster != nil && strings.Contains(cluster.Val(), "cluster_state:ok")
}

// problem words why Redis did not answer.
func problem(nodes []*node, err error) string {
	for _, n := range nodes {
		if err == nil && n.master {
			err = n.err
		}
	}
	return worded(err)
}

func worded(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("no answer within %v", timeout)
	}
	return err.Error()
}
