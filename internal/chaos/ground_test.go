package chaos

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/helix-collective/helix/internal/redistest"
)

// node is a server behind a proxy, by whose address everybody knows it.
type node struct {
	*redistest.Server
	front  *Proxy
	direct *redis.Client // past the proxy
	down   bool          // killed, or paused
}

// ground is what Helix stands on: servers of one topology.
type ground struct {
	t         testing.TB
	kind      string
	nodes     []*node // servers that hold data
	sentinels []*node
	url       string
	judge     redis.UniversalClient // goes through the proxies; for quiet times
}

// lasting makes a server keep everything over a kill.
var lasting = []string{"--appendonly", "yes", "--appendfsync", "everysec", "--repl-diskless-sync-delay", "0", "--bind-source-addr", ServersFrom}

var quietClient = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

// past answers a client that goes past the proxy, and does not wait for long.
func past(t testing.TB, s *redistest.Server) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr, ReadTimeout: time.Second, MaxRetries: -1, Protocol: 2, OnConnect: readAnywhere, DisableIdentity: true, MaintNotificationsConfig: quietClient})
	t.Cleanup(func() { c.Close() })
	return c
}

// readAnywhere lets a replica in a Cluster answer; elsewhere it does nothing.
func readAnywhere(ctx context.Context, c *redis.Conn) error {
	_ = c.ReadOnly(ctx).Err() // a server outside a Cluster refuses it
	return nil
}

// front opens a proxy, and answers its port, too.
func front(t testing.TB) (*Proxy, string) {
	t.Helper()
	p, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	_, port, _ := net.SplitHostPort(p.Addr())
	return p, port
}

// addNode starts a server; announce begins the options by which it tells where it is.
func (g *ground) addNode(announce string, args ...string) *node {
	g.t.Helper()
	p, port := front(g.t)
	all := append([]string(nil), lasting...)
	if announce != "" {
		all = append(all, announce+"-ip", "127.0.0.1", announce+"-port", port)
	}
	s := redistest.Standalone(g.t, append(all, args...)...)
	p.Lead(s.Addr)
	n := &node{Server: s, front: p, direct: past(g.t, s)}
	g.nodes = append(g.nodes, n)
	return n
}

func newStandalone(t testing.TB) *ground {
	g := &ground{t: t, kind: "standalone"}
	n := g.addNode("")
	g.url = "redis://" + n.front.Addr()
	g.judge = redis.NewClient(&redis.Options{Addr: n.front.Addr(), DisableIdentity: true, MaintNotificationsConfig: quietClient})
	return g
}

const masterName = "mymaster"

// newSentinel starts a master, two replicas and three Sentinels.
func newSentinel(t testing.TB) *ground {
	g := &ground{t: t, kind: "sentinel"}
	const announce = "--replica-announce"
	master := g.addNode(announce)
	host, port, _ := net.SplitHostPort(master.front.Addr())
	for range 2 {
		replica := g.addNode(announce) // told only now whom to follow: one that is promoted comes back as a master
		if err := replica.direct.ReplicaOf(context.Background(), host, port).Err(); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, "the replica is in step", func(ctx context.Context) bool {
			info, err := replica.direct.Info(ctx, "replication").Result()
			return err == nil && strings.Contains(info, "master_link_status:up")
		})
	}
	var fronts []string
	for range 3 {
		n := g.addSentinel(host, port)
		fronts = append(fronts, n.front.Addr())
	}
	for _, n := range g.sentinels {
		redistest.Eventually(t, "the Sentinels know each other", n.knowsAll)
	}
	g.url = "redis+sentinel://" + strings.Join(fronts, ",") + "/" + masterName
	g.judge = redis.NewFailoverClient(&redis.FailoverOptions{MasterName: masterName, SentinelAddrs: fronts, DisableIdentity: true})
	return g
}

func (g *ground) addSentinel(host, port string) *node {
	g.t.Helper()
	p, announced := front(g.t)
	s := redistest.LoneSentinel(g.t, fmt.Sprintf("bind-source-addr %[5]s\nsentinel announce-ip 127.0.0.1\nsentinel announce-port %[4]s\n"+
		"sentinel monitor %[1]s %[2]s %[3]s 2\nsentinel down-after-milliseconds %[1]s 1000\nsentinel failover-timeout %[1]s 4000\n",
		masterName, host, port, announced, ServersFrom))
	p.Lead(s.Addr)
	n := &node{Server: s, front: p, direct: past(g.t, s)}
	g.sentinels = append(g.sentinels, n)
	return n
}

// knowsAll reports whether a Sentinel knows the two others, and that all servers
// are in order.
func (n *node) knowsAll(ctx context.Context) bool {
	got, err := n.direct.Do(ctx, "SENTINEL", "MASTER", masterName).StringSlice()
	if err != nil {
		return false
	}
	is := make(map[string]string)
	for i := 0; i+1 < len(got); i += 2 {
		is[got[i]] = got[i+1]
	}
	return is["num-slaves"] == "2" && is["num-other-sentinels"] == "2" && is["flags"] == "master"
}

const slots = 16384

// newCluster starts three masters and a replica of each.
func newCluster(t testing.TB) *ground {
	g := &ground{t: t, kind: "cluster"}
	var fronts []string
	for range 6 {
		n := g.addNode("--cluster-announce", "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-announce-bus-port", "0")
		fronts = append(fronts, n.front.Addr())
	}
	g.formCluster()
	g.url = "redis+cluster://" + strings.Join(fronts, ",")
	g.judge = redis.NewClusterClient(&redis.ClusterOptions{Addrs: fronts, DisableIdentity: true, MaintNotificationsConfig: quietClient})
	return g
}

func (g *ground) formCluster() {
	g.t.Helper()
	ctx := context.Background()
	for i, n := range g.nodes {
		_, port, _ := net.SplitHostPort(n.Addr)
		g.must(n.direct.ConfigSet(ctx, "cluster-announce-bus-port", busOf(port)).Err())
		g.must(n.direct.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err())
		if i < 3 {
			g.must(n.direct.ClusterAddSlotsRange(ctx, i*slots/3, (i+1)*slots/3-1).Err())
		}
		for _, other := range g.nodes[:i] {
			_, port, _ := net.SplitHostPort(other.Addr)
			g.must(n.direct.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", port, busOf(port)).Err())
		}
	}
	for _, n := range g.nodes {
		redistest.Eventually(g.t, "all know each other", func(ctx context.Context) bool {
			all, err := n.direct.ClusterNodes(ctx).Result()
			return err == nil && strings.Count(all, "\n") == len(g.nodes) && !strings.Contains(all, "handshake")
		})
	}
	for i, n := range g.nodes[3:] {
		g.must(n.direct.ClusterReplicate(ctx, g.nodeID(g.nodes[i])).Err())
	}
	redistest.Eventually(g.t, "the Cluster is whole", g.isWhole)
}

func busOf(port string) string {
	var n int
	_, _ = fmt.Sscan(port, &n)
	return fmt.Sprint(n + 10000)
}

func (g *ground) nodeID(n *node) string {
	id, err := n.direct.ClusterMyID(context.Background()).Result()
	g.must(err)
	return id
}

func (g *ground) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// isWhole reports whether all servers are up and agree on who is what.
func (g *ground) isWhole(ctx context.Context) bool {
	masters := 0
	for _, n := range g.nodes {
		info, err := n.direct.Info(ctx, "replication").Result()
		switch {
		case err != nil:
			return false
		case strings.Contains(info, "role:master"):
			masters++
			if want := g.replicasEach(); strings.Count(info, "state=online") != want {
				return false
			}
		case !strings.Contains(info, "master_link_status:up"):
			return false
		}
		if g.kind == "cluster" {
			info, err := n.direct.ClusterInfo(ctx).Result()
			if err != nil || !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_slots_ok:16384") {
				return false
			}
		}
	}
	for _, s := range g.sentinels {
		if !s.knowsAll(ctx) {
			return false
		}
	}
	return masters == g.masters()
}

func (g *ground) replicasEach() int {
	return map[string]int{"standalone": 0, "sentinel": 2, "cluster": 1}[g.kind]
}
func (g *ground) masters() int {
	return map[string]int{"standalone": 1, "sentinel": 1, "cluster": 3}[g.kind]
}

// clear ends all bad weather.
func (g *ground) clear() {
	for _, n := range append(g.nodes[:len(g.nodes):len(g.nodes)], g.sentinels...) {
		n.front.Set(Clients, Weather{})
		n.front.Set(Servers, Weather{})
	}
}

// master answers a server that takes writes, the one that has the slot in a
// Cluster; nil if there is none now.
func (g *ground) master(ctx context.Context, slot int) *node {
	for _, n := range g.nodes {
		if n.down {
			continue
		}
		info, err := n.direct.Info(ctx, "replication").Result()
		if err != nil || !strings.Contains(info, "role:master") {
			continue
		}
		if g.kind != "cluster" || g.owns(ctx, n, slot) {
			return n
		}
	}
	return nil
}

func (g *ground) owns(ctx context.Context, n *node, slot int) bool {
	//lint:ignore SA1019 CLUSTER SHARDS is not there before Redis 7.
	ranges, err := n.direct.ClusterSlots(ctx).Result()
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if r.Start <= slot && slot <= r.End && len(r.Nodes) > 0 && r.Nodes[0].Addr == n.front.Addr() {
			return true
		}
	}
	return false
}

// replica answers one of a master's replicas that is in step; nil if there is
// none.
func (g *ground) replica(ctx context.Context, of *node) *node {
	_, port, _ := net.SplitHostPort(of.front.Addr())
	for _, n := range g.nodes {
		if n == of || n.down {
			continue
		}
		info, err := n.direct.Info(ctx, "replication").Result()
		if err == nil && strings.Contains(info, "master_port:"+port+"\r") && strings.Contains(info, "master_link_status:up") {
			return n
		}
	}
	return nil
}

// masterCount answers how many masters there are.
func (g *ground) masterCount(ctx context.Context) (n int) {
	for _, one := range g.nodes {
		info, err := one.direct.Do(ctx, "ROLE").Slice()
		if err == nil && info[0] == "master" {
			n++
		}
	}
	return n
}

// mayLose reports whether a fault may give a master's place to a replica that is
// behind it. A failover within a Cluster waits until the replica is not.
func (g *ground) mayLose(fault string) bool {
	switch fault {
	case "kill", "pause", "isolate", "takeover":
		return g.replicasEach() > 0
	case "failover":
		return g.kind == "sentinel"
	}
	return false
}
