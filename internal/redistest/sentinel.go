package redistest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// MasterName is what the Sentinels call the master.
const MasterName = "mymaster"

// SentinelServers is a master, two replicas, and three Sentinels that watch
// them. A master that does not answer for half a second is replaced.
type SentinelServers struct {
	Master    *Server // at the start
	Replicas  []*Server
	Sentinels []*Server

	t    testing.TB
	args []string
}

// Sentinel starts a master, two replicas that are in step with it, and Sentinels
// that know them and each other. Further arguments are passed on to every
// server; Sentinels are given them, too.
func Sentinel(t testing.TB, args ...string) *SentinelServers {
	t.Helper()
	s := &SentinelServers{t: t, args: args, Master: Standalone(t, append([]string{"--repl-diskless-sync-delay", "0"}, args...)...)}
	s.Replicas = startAll(t, func() []*Server {
		follow := append([]string{"--replicaof", "127.0.0.1 " + s.Master.peerPort(), "--repl-diskless-sync-delay", "0"}, args...)
		return []*Server{prepare(t, nil, follow...), prepare(t, nil, follow...)}
	})
	for _, one := range s.Replicas {
		awaitLink(t, one)
	}
	s.Sentinels = startAll(t, s.prepareSentinels)
	for _, one := range s.Sentinels {
		Eventually(t, "the Sentinels know each other and the replicas", one.knowsAll)
	}
	return s
}

// prepareSentinels prepares three Sentinels that know each other from the start.
// A Sentinel rewrites its configuration file, so each has its own.
func (s *SentinelServers) prepareSentinels() []*Server {
	s.t.Helper()
	list := make([]*Server, 3)
	for i := range list {
		file := filepath.Join(s.t.TempDir(), "sentinel.conf")
		list[i] = prepare(s.t, []string{file, "--sentinel"}, s.args...)
	}
	for i, one := range list {
		if err := os.WriteFile(one.args[0], []byte(s.configuration(i, list)), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return list
}

// configuration is what one of the Sentinels is told.
func (s *SentinelServers) configuration(self int, all []*Server) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sentinel myid %s\n", nodeID(self))
	fmt.Fprintf(&b, "sentinel monitor %[1]s 127.0.0.1 %s 2\nsentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 3000\n",
		MasterName, s.Master.peerPort())
	for i, other := range all {
		if i != self {
			fmt.Fprintf(&b, "sentinel known-sentinel %s 127.0.0.1 %s %s\n", MasterName, other.peerPort(), nodeID(i))
		}
	}
	for _, replica := range s.Replicas {
		fmt.Fprintf(&b, "sentinel known-replica %s 127.0.0.1 %s\n", MasterName, replica.peerPort())
	}
	return b.String()
}

// knowsAll reports whether a Sentinel reaches the two others, and has heard of
// the replicas that they are in step.
func (s *Server) knowsAll(ctx context.Context) bool {
	client := s.asSentinel()
	defer client.Close()
	replicas, err := client.Replicas(ctx, MasterName).Result()
	if err != nil || len(replicas) != 2 {
		return false
	}
	for _, one := range replicas {
		if one["master-link-status"] != "ok" || one["flags"] != "slave" {
			return false
		}
	}
	return client.CkQuorum(ctx, MasterName).Err() == nil
}

// AwaitFailover waits until every Sentinel names the same replica as the master,
// and answers it.
func (s *SentinelServers) AwaitFailover() *Server {
	s.t.Helper()
	var promoted *Server
	Eventually(s.t, "the Sentinels agree on another master", func(ctx context.Context) bool {
		promoted = s.promoted(ctx)
		return promoted != nil
	})
	return promoted
}

// promoted answers the replica that every Sentinel names; nil if there is none.
func (s *SentinelServers) promoted(ctx context.Context) *Server {
	named := make(map[string]int)
	for _, one := range s.Sentinels {
		client := one.asSentinel()
		if addr, err := client.GetMasterAddrByName(ctx, MasterName).Result(); err == nil {
			named[strings.Join(addr, ":")]++
		}
		client.Close()
	}
	for _, replica := range s.Replicas {
		if named[replica.peerAddr()] == len(s.Sentinels) {
			return replica
		}
	}
	return nil
}

func (s *Server) asSentinel() *redis.SentinelClient {
	return redis.NewSentinelClient(&redis.Options{Addr: s.Addr, DisableIdentity: true, MaintNotificationsConfig: quiet()})
}

// Addrs answers the Sentinels' addresses.
func (s *SentinelServers) Addrs() []string {
	var all []string
	for _, one := range s.Sentinels {
		all = append(all, one.Addr)
	}
	return all
}

// URL answers the address as Helix's configuration takes it.
func (s *SentinelServers) URL() string {
	var all []string
	for _, one := range s.Sentinels {
		all = append(all, one.peerAddr())
	}
	return s.Master.scheme() + "+sentinel://" + userInfo(s.Master.user) + strings.Join(all, ",") + "/" + MasterName
}

// Client returns a client of whoever is master, closed when the test ends.
func (s *SentinelServers) Client() *redis.Client { return s.client(s.t) }

func (s *SentinelServers) client(t testing.TB) *redis.Client {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: MasterName, SentinelAddrs: s.Addrs(), DisableIdentity: true,
	})
	t.Cleanup(func() { client.Close() })
	return client
}
