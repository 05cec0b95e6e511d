package guard

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// masters answers the clients of all servers that hold keys of their own, by
// address. Outside a Cluster that is the client itself.
func masters(ctx context.Context, client redis.UniversalClient) ([]redis.UniversalClient, error) {
	cluster, ok := client.(*redis.ClusterClient)
	if !ok {
		return []redis.UniversalClient{client}, nil
	}
	nodes, err := clusterMasters(ctx, cluster)
	list := make([]redis.UniversalClient, len(nodes))
	for i, n := range nodes {
		list[i] = n
	}
	return list, err
}

func clusterMasters(ctx context.Context, cluster *redis.ClusterClient) ([]*redis.Client, error) {
	var mu sync.Mutex
	var list []*redis.Client
	err := cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, node)
		return nil
	})
	slices.SortFunc(list, func(a, b *redis.Client) int { return cmp.Compare(a.Options().Addr, b.Options().Addr) })
	return list, err
}

// nodeAt answers the master at addr; nil if the Cluster has none there.
func nodeAt(ctx context.Context, cluster *redis.ClusterClient, addr string) (*redis.Client, error) {
	nodes, err := clusterMasters(ctx, cluster)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if n.Options().Addr == addr {
			return n, nil
		}
	}
	return nil, nil
}

// askMasters sends one command to every master and answers the replies with
// the addresses they came from.
func askMasters(ctx context.Context, client redis.UniversalClient, args ...string) (replies []reply, addrs []string, err error) {
	nodes, err := masters(ctx, client)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range nodes {
		r, err := ask(ctx, n, request{args: args})
		if err != nil {
			return nil, nil, err
		}
		replies = append(replies, r)
		addrs = append(addrs, address(n))
	}
	return replies, addrs, nil
}

func address(client redis.UniversalClient) string {
	if c, ok := client.(*redis.Client); ok {
		return c.Options().Addr
	}
	return ""
}

// isCluster reports whether the client talks to a Cluster.
func isCluster(client redis.UniversalClient) bool {
	_, ok := client.(*redis.ClusterClient)
	return ok
}
