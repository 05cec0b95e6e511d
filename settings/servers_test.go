package settings_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// server is a Redis that a test may stop and start again, empty.
type server struct {
	addr        string
	stop, start func()
}

func (s *server) client(t *testing.T) redis.UniversalClient {
	c := redis.NewClient(&redis.Options{Addr: s.addr, DialTimeout: time.Second, DialerRetries: 1, MaxRetries: -1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { c.Close() })
	return c
}

// onEveryRedis runs a test on miniredis and on a real server.
func onEveryRedis(t *testing.T, test func(t *testing.T, s *server)) {
	t.Run("miniredis", func(t *testing.T) { t.Parallel(); test(t, startMini(t)) })
	t.Run("redis-server", func(t *testing.T) { t.Parallel(); test(t, startReal(t)) })
}

func startMini(t *testing.T) *server {
	t.Helper()
	m := miniredis.RunT(t)
	return &server{addr: m.Addr(), stop: m.Close, start: func() {
		m.FlushAll()
		if err := m.Restart(); err != nil {
			t.Fatal(err)
		}
	}}
}

// startReal starts a redis-server without persistence, or skips the test where
// there is none.
func startReal(t *testing.T, args ...string) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("HELIX_REQUIRE_REDIS") == "1" {
		t.Fatal("HELIX_REQUIRE_REDIS=1, but there is no redis-server")
	} else if err != nil {
		t.Skip("there is no redis-server")
	}
	port, dir := freePort(t), t.TempDir()
	s := &server{addr: "127.0.0.1:" + port, stop: func() {}}
	s.start = func() {
		fixed := []string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"}
		cmd := exec.Command(path, append(fixed, args...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.stop = sync.OnceFunc(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		awaitPing(t, s.addr)
	}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func awaitPing(t *testing.T, addr string) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, DialerRetries: 1, MaxRetries: -1})
	defer c.Close()
	eventually(t, "redis-server answers", func() bool { return c.Ping(context.Background()).Err() == nil })
}

// startCluster starts a Redis Cluster of three masters.
func startCluster(t *testing.T) redis.UniversalClient {
	t.Helper()
	var addrs []string
	for range 3 {
		addrs = append(addrs, startReal(t, "--cluster-enabled", "yes").addr)
	}
	args := append([]string{"--cluster", "create"}, addrs...)
	if out, err := exec.Command("redis-cli", append(args, "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli --cluster create: %v\n%s", err, out)
	}
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { c.Close() })
	eventually(t, "the cluster is ready", func() bool {
		info, err := c.ClusterInfo(context.Background()).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	})
	return c
}

// freePort answers a port whose companion, 10,000 above, exists too: a
// Cluster's nodes talk to each other there.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; port < 55_000 {
			return strconv.Itoa(port)
		}
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
