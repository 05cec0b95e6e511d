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

// SentinelServers is a master, its replica, and three Sentinels that watch
// them. A master that does not answer for half a second is replaced.
type SentinelServers struct {
	Master    *Server // at the start; after a failover it is Replica
	Replica   *Server
	Sentinels []*Server

	t testing.TB
}

// Sentinel starts a master, a replica that is in step with it, and Sentinels
// that know both and each other. It takes a few seconds.
func Sentinel(t testing.TB) *SentinelServers {
	t.Helper()
	s := &SentinelServers{t: t, Master: Standalone(t, "--repl-diskless-sync-delay", "0")}
	host, port, _ := strings.Cut(s.Master.Addr, ":")
	s.Replica = Standalone(t, "--replicaof", host+" "+port)
	replica := s.Replica.Client()
	Eventually(t, "the replica is in step", func(ctx context.Context) bool {
		info, err := replica.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	for range 3 {
		s.Sentinels = append(s.Sentinels, s.startSentinel(host, port))
	}
	for _, one := range s.Sentinels {
		Eventually(t, "the Sentinels know each other", one.knowsAll)
	}
	return s
}

// startSentinel starts one Sentinel. It rewrites its configuration file, so
// each has its own.
func (s *SentinelServers) startSentinel(host, port string) *Server {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "sentinel.conf")
	config := fmt.Sprintf("sentinel monitor %[1]s %s %s 2\nsentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 3000\n",
		MasterName, host, port)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return start(s.t, program(s.t, "redis-sentinel"), []string{file})
}

// knowsAll reports whether a Sentinel knows the two others and the replica.
func (s *Server) knowsAll(ctx context.Context) bool {
	client := s.asSentinel()
	defer client.Close()
	master, err := client.Master(ctx, MasterName).Result()
	return err == nil && master["num-slaves"] == "1" && master["num-other-sentinels"] == "2"
}

// AwaitMaster waits until every Sentinel names a server as the master.
func (s *SentinelServers) AwaitMaster(master *Server) {
	s.t.Helper()
	for _, one := range s.Sentinels {
		client := one.asSentinel()
		defer client.Close()
		Eventually(s.t, "the Sentinels agree on a master", func(ctx context.Context) bool {
			addr, err := client.GetMasterAddrByName(ctx, MasterName).Result()
			return err == nil && strings.Join(addr, ":") == master.Addr
		})
	}
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
	return "redis+sentinel://" + userInfo(s.Master.user) + strings.Join(s.Addrs(), ",") + "/" + MasterName
}

// Client returns a client of whoever is master, closed when the test ends.
func (s *SentinelServers) Client() *redis.Client {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: MasterName, SentinelAddrs: s.Addrs(), DisableIdentity: true,
	})
	s.t.Cleanup(func() { client.Close() })
	return client
}
