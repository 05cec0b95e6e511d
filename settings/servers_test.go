package settings_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// server is a Redis that a test may stop and start again, empty.
type server struct {
	addr        string
	stop, start func()
}

// client answers a client that neither waits long nor tries again.
func (s *server) client(t *testing.T) redis.UniversalClient {
	c := redis.NewClient(&redis.Options{Addr: s.addr, DialTimeout: time.Second, DialerRetries: 1, MaxRetries: -1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { c.Close() })
	return c
}

// clients makes another client of the servers of a test.
type clients func(t *testing.T) redis.UniversalClient

// onEveryRedis runs a test on miniredis, on a real server, behind Sentinels and in a
// Cluster.
func onEveryRedis(t *testing.T, test func(t *testing.T, client clients)) {
	t.Helper()
	onEveryServer(t, func(t *testing.T, s *server) { test(t, s.client) })
	redistest.EachGroup(t, func(t *testing.T, _ string, first redis.UniversalClient) {
		test(t, func(t *testing.T) redis.UniversalClient { return redistest.Again(t, first, 3) })
	})
}

// onEveryServer runs a test on miniredis and on a real server, which it may stop.
func onEveryServer(t *testing.T, test func(t *testing.T, s *server)) {
	t.Helper()
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

// startReal starts a redis-server without persistence.
func startReal(t *testing.T, args ...string) *server {
	t.Helper()
	real := redistest.Standalone(t, args...)
	return &server{addr: real.Addr, stop: real.Kill, start: real.Restart}
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
