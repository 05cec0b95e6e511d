// Package redistest starts real Redis servers for tests: one, a Cluster, or a
// master watched by Sentinels. They listen on free ports of 127.0.0.1, keep
// nothing on disk beyond the test's own folder, and are killed when the test
// ends. It never touches a server that it did not start.
//
// Where a server's program is not on the PATH the test is skipped, unless
// HELIX_REQUIRE_REDIS is set: then it fails.
package redistest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Require is the environment variable that turns a missing Redis program from
// a skip into a failure.
const Require = "HELIX_REQUIRE_REDIS"

// Each runs suite twice: as the subtest "miniredis", and as "redis-server" on
// a real one. Each run has a server of its own, empty at its start.
func Each(t *testing.T, suite func(t *testing.T, client *redis.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		suite(t, open(t, &redis.Options{Addr: miniredis.RunT(t).Addr()}))
	})
	t.Run("redis-server", func(t *testing.T) {
		suite(t, Standalone(t).Client())
	})
}

// open returns a client that is closed when the test ends.
func open(t testing.TB, o *redis.Options) *redis.Client {
	o.DisableIdentity = true
	o.MaintNotificationsConfig = quiet()
	c := redis.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return c
}

// quiet keeps a client from asking for notifications that only some hosted
// servers send.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// program answers where name is, or ends the test.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv(Require) != "":
		t.Fatalf("%s is set, but there is no %s", Require, name)
	default:
		t.Skipf("there is no %s", name)
	}
	return ""
}

// startTimeout bounds how long a server, or a group of them, may take to be
// ready. It is long because test machines are busy.
const startTimeout = 30 * time.Second

// Eventually waits until ready answers true, and ends the test if it does not.
func Eventually(t testing.TB, what string, ready func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if !until(ctx, ready) {
		t.Fatalf("%s: not within %v", what, startTimeout)
	}
}

// until asks ready every few milliseconds and answers whether it came true
// before ctx ended.
func until(ctx context.Context, ready func(ctx context.Context) bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready(ctx) {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}
