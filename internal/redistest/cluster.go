package redistest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// clusterSlots is how many slots a Redis Cluster has.
const clusterSlots = 16384

// ClusterServers is a Redis Cluster without replicas.
type ClusterServers struct {
	Masters []*Server // each with a third of the slots, in their order

	t testing.TB
}

// Cluster starts a Redis Cluster of three masters. It takes two to three
// seconds, most of them the servers' own caution.
func Cluster(t testing.TB) *ClusterServers {
	t.Helper()
	c := &ClusterServers{t: t}
	for range 3 {
		c.Masters = append(c.Masters, Standalone(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"))
	}
	c.join()
	for _, s := range c.Masters {
		node := s.Client()
		Eventually(t, "the Cluster is whole", func(ctx context.Context) bool {
			info, err := node.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_size:3")
		})
	}
	return c
}

// join gives each master its slots and makes it known to the others.
func (c *ClusterServers) join() {
	c.t.Helper()
	ctx := context.Background()
	for i, s := range c.Masters {
		node := s.Client()
		from, to := i*clusterSlots/len(c.Masters), (i+1)*clusterSlots/len(c.Masters)-1
		c.must(node.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err())
		c.must(node.ClusterAddSlotsRange(ctx, from, to).Err())
	}
	for _, s := range c.Masters {
		for _, other := range c.Masters {
			host, port, _ := strings.Cut(other.Addr, ":")
			c.must(s.Client().ClusterMeet(ctx, host, port).Err())
		}
	}
}

func (c *ClusterServers) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(fmt.Errorf("form a Cluster: %w", err))
	}
}

// Addrs answers the masters' addresses.
func (c *ClusterServers) Addrs() []string {
	var all []string
	for _, s := range c.Masters {
		all = append(all, s.Addr)
	}
	return all
}

// URL answers the address as Helix's configuration takes it.
func (c *ClusterServers) URL() string { return "redis+cluster://" + strings.Join(c.Addrs(), ",") }

// Client returns a client that is closed when the test ends.
func (c *ClusterServers) Client() *redis.ClusterClient {
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs(), DisableIdentity: true, MaintNotificationsConfig: quiet()})
	c.t.Cleanup(func() { client.Close() })
	return client
}
