// Package redistest starts real Redis servers for tests: one, a Cluster of three
// masters with a replica each, or a master with two replicas watched by three
// Sentinels. They listen on free ports of 127.0.0.1, keep nothing on disk beyond
// a folder of their own, and are killed when the test ends. It never touches a
// server that it did not start.
//
// Where a server's program is not on the PATH the test is skipped, unless
// HELIX_REQUIRE_REDIS is set: then it fails.
package redistest

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Require is the environment variable that turns a missing Redis program from
// a skip into a failure.
const Require = "HELIX_REQUIRE_REDIS"

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

// Program is the environment variable that names the server to start in the
// place of the redis-server on the PATH: another version of Redis, or Valkey.
const Program = "HELIX_REDIS_SERVER"

// program answers where the server's program is, or ends the test.
func program(t testing.TB) string {
	t.Helper()
	name := cmp.Or(os.Getenv(Program), "redis-server")
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
