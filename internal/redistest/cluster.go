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

// clusterNode is what makes a server part of a Cluster.
var clusterNode = []string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"}

// ClusterServers is a Redis Cluster without replicas, but for those that are
// added.
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
		c.Masters = append(c.Masters, Standalone(t, clusterNode...))
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
func (c *ClusterServers) URL() string {
	return "redis+cluster://" + userInfo(c.Masters[0].user) + strings.Join(c.Addrs(), ",")
}

// Client returns a client that is closed when the test ends.
func (c *ClusterServers) Client() *redis.ClusterClient {
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs(), DisableIdentity: true, MaintNotificationsConfig: quiet()})
	c.t.Cleanup(func() { client.Close() })
	return client
}

// Owner answers the master that has a slot now.
func (c *ClusterServers) Owner(slot int) *Server {
	c.t.Helper()
	//lint:ignore SA1019 CLUSTER SHARDS is not there before Redis 7.
	ranges, err := c.Masters[0].Client().ClusterSlots(context.Background()).Result()
	c.must(err)
	for _, r := range ranges {
		for _, m := range c.Masters {
			if r.Start <= slot && slot <= r.End && r.Nodes[0].Addr == m.Addr {
				return m
			}
		}
	}
	c.t.Fatalf("slot %d has no master", slot)
	return nil
}

// Move begins to move a slot from its owner to another master, and moves so many
// of its keys. complete moves the rest, and tells all masters.
func (c *ClusterServers) Move(slot int, to *Server, keys int) (complete func()) {
	c.t.Helper()
	ctx := context.Background()
	from := c.Owner(slot)
	source, target := from.Client(), to.Client()
	c.must(target.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", c.id(from)).Err())
	c.must(source.Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", c.id(to)).Err())
	c.migrate(source, slot, to, keys)
	return func() {
		c.migrate(source, slot, to, clusterSlots)
		c.must(target.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", c.id(to)).Err()) // before others send anybody there
		for _, one := range c.Masters {
			c.must(one.Client().Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", c.id(to)).Err())
		}
	}
}

func (c *ClusterServers) id(s *Server) string {
	id, err := s.Client().ClusterMyID(context.Background()).Result()
	c.must(err)
	return id
}

// migrate moves up to so many keys of a slot.
func (c *ClusterServers) migrate(source *redis.Client, slot int, to *Server, keys int) {
	ctx := context.Background()
	names, err := source.ClusterGetKeysInSlot(ctx, slot, keys).Result()
	c.must(err)
	host, port, _ := strings.Cut(to.Addr, ":")
	for _, name := range names {
		c.must(source.Do(ctx, "MIGRATE", host, port, name, 0, 5000).Err())
	}
}

// AddReplica starts a replica of a master and waits until it is in step.
func (c *ClusterServers) AddReplica(of *Server) *Server {
	c.t.Helper()
	ctx := context.Background()
	s := Standalone(c.t, clusterNode...)
	client := s.Client()
	host, port, _ := strings.Cut(of.Addr, ":")
	c.must(client.ClusterMeet(ctx, host, port).Err())
	for _, one := range append([]*Server{s}, c.Masters...) {
		node := one.Client()
		Eventually(c.t, "all know each other", func(ctx context.Context) bool {
			nodes, err := node.ClusterNodes(ctx).Result()
			return err == nil && strings.Count(nodes, "\n") == len(c.Masters)+1 && !strings.Contains(nodes, "handshake")
		})
	}
	c.must(client.ClusterReplicate(ctx, c.id(of)).Err())
	Eventually(c.t, "the replica is in step", func(ctx context.Context) bool {
		info, err := client.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	return s
}

// TakeOver has a replica take its master's slots at once, without being elected.
func (c *ClusterServers) TakeOver(replica *Server) {
	c.t.Helper()
	client := replica.Client()
	c.must(client.Do(context.Background(), "CLUSTER", "FAILOVER", "TAKEOVER").Err())
	Eventually(c.t, "the replica has taken over", func(ctx context.Context) bool {
		info, err := client.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "role:master")
	})
}
