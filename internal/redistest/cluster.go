package redistest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// clusterSlots is how many slots a Redis Cluster has.
const clusterSlots = 16384

// clusterNode is what makes a server part of a Cluster.
var clusterNode = []string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"}

// ClusterServers is a Redis Cluster.
type ClusterServers struct {
	Masters  []*Server // each with a third of the slots, in their order
	Replicas []*Server // of the masters, in their order; further ones as they were added

	t testing.TB
}

// Cluster starts a Redis Cluster of three masters with a replica each. It takes
// two to three seconds, most of them the servers' own caution. Further arguments
// are passed on to every server.
func Cluster(t testing.TB, args ...string) *ClusterServers {
	t.Helper()
	c := formCluster(t, 3, 3, args)
	c.awaitReplicas()
	return c
}

// ClusterWithoutReplicas starts a Redis Cluster of three masters. Further arguments
// are passed on to each of them.
func ClusterWithoutReplicas(t testing.TB, args ...string) *ClusterServers {
	t.Helper()
	return formCluster(t, 3, 0, args)
}

// formCluster starts servers that know each other from the start, and waits
// until each master finds the Cluster whole.
func formCluster(t testing.TB, masters, replicas int, args []string) *ClusterServers {
	t.Helper()
	list := startAll(t, func() []*Server {
		list := make([]*Server, masters+replicas)
		for i := range list {
			list[i] = prepare(t, nil, append(clusterNode, args...)...)
		}
		writeNodes(t, list, masters)
		return list
	})
	c := &ClusterServers{Masters: list[:masters:masters], Replicas: list[masters:], t: t}
	for _, s := range c.Masters {
		node := s.Client()
		Eventually(t, "the Cluster is whole", func(ctx context.Context) bool {
			info, err := node.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok")
		})
	}
	return c
}

// writeNodes tells every server, in the file that it would keep about them, who
// the others are. Introduced to each other by commands they would need seconds.
func writeNodes(t testing.TB, list []*Server, masters int) {
	t.Helper()
	for self, s := range list {
		var b strings.Builder
		for i, other := range list {
			flags, of, slots := "master", "-", ""
			if i < masters {
				slots = fmt.Sprintf(" %d-%d", i*clusterSlots/masters, (i+1)*clusterSlots/masters-1)
			} else {
				flags, of = "slave", nodeID(i-masters)
			}
			if i == self {
				flags = "myself," + flags
			}
			fmt.Fprintf(&b, "%s %s@%d %s %s 0 0 %d connected%s\n", nodeID(i), other.peerAddr(), other.bus(), flags, of, i%masters+1, slots)
		}
		fmt.Fprintf(&b, "vars currentEpoch %d lastVoteEpoch 0\n", masters)
		if err := os.WriteFile(filepath.Join(s.dir, "nodes.conf"), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// nodeID answers what a Cluster calls one of the servers it begins with.
func nodeID(i int) string { return fmt.Sprintf("%040x", i+1) }

// bus answers the port over which a server talks to the others of its Cluster.
func (s *Server) bus() int {
	port, _ := strconv.Atoi(s.peerPort())
	return port + busDistance
}

// awaitReplicas waits until every replica is in step and known to all masters.
func (c *ClusterServers) awaitReplicas() {
	c.t.Helper()
	for _, s := range c.Replicas {
		awaitLink(c.t, s)
	}
	for _, s := range c.Masters {
		node := s.Client()
		Eventually(c.t, "a replica is connected", func(ctx context.Context) bool {
			info, err := node.Info(ctx, "replication").Result()
			return err == nil && strings.Contains(info, "state=online")
		})
	}
}

// awaitLink waits until a replica has its master's data.
func awaitLink(t testing.TB, replica *Server) {
	t.Helper()
	client := replica.Client()
	Eventually(t, "the replica is in step", func(ctx context.Context) bool {
		info, err := client.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
}

func (c *ClusterServers) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(fmt.Errorf("arrange a Cluster: %w", err))
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
	var all []string
	for _, s := range c.Masters {
		all = append(all, s.peerAddr())
	}
	return c.Masters[0].scheme() + "+cluster://" + userInfo(c.Masters[0].user) + strings.Join(all, ",")
}

// Client returns a client that is closed when the test ends.
func (c *ClusterServers) Client() *redis.ClusterClient { return c.client(c.t) }

func (c *ClusterServers) client(t testing.TB) *redis.ClusterClient {
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs(), DisableIdentity: true, MaintNotificationsConfig: quiet()})
	t.Cleanup(func() { client.Close() })
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
	known := len(c.Masters) + len(c.Replicas) + 1
	s := Standalone(c.t, clusterNode...)
	client := s.Client()
	host, port, _ := strings.Cut(of.Addr, ":")
	c.must(client.ClusterMeet(ctx, host, port).Err())
	for _, one := range append([]*Server{s}, c.Masters...) {
		node := one.Client()
		Eventually(c.t, "all know each other", func(ctx context.Context) bool {
			nodes, err := node.ClusterNodes(ctx).Result()
			return err == nil && strings.Count(nodes, "\n") == known && !strings.Contains(nodes, "handshake")
		})
	}
	c.must(client.ClusterReplicate(ctx, c.id(of)).Err())
	awaitLink(c.t, s)
	c.Replicas = append(c.Replicas, s)
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
