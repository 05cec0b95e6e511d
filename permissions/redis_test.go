package permissions

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

// TestGlobMatchesWhatRedisMatches holds the matcher against KEYS of a server.
func TestGlobMatchesWhatRedisMatches(t *testing.T) {
	rdb, ctx := startRedis(t), t.Context()
	rapid.Check(t, func(t *rapid.T) {
		names := map[string]bool{}
		for range 20 {
			names[drawName(t)] = true
		}
		fill(t, ctx, rdb, names)
		for range 10 {
			pattern := drawPattern(t)
			theirs, err := rdb.Keys(ctx, pattern).Result()
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(theirs)
			if ours := matching(pattern, names); !slices.Equal(ours, theirs) {
				t.Fatalf("%q among %q: we match %q, Redis %q", pattern, sortedKeys(names), ours, theirs)
			}
		}
	})
}

func fill(t *rapid.T, ctx context.Context, rdb *redis.Client, names map[string]bool) {
	pipe := rdb.Pipeline()
	pipe.FlushDB(ctx)
	for name := range names {
		pipe.Set(ctx, name, "", 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

func matching(pattern string, names map[string]bool) []string {
	g := compileGlob(pattern)
	return slices.DeleteFunc(sortedKeys(names), func(name string) bool { return !g.match(name) })
}

// startRedis runs a server on a free port of the loopback for the test.
func startRedis(t *testing.T) *redis.Client {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("HELIX_REQUIRE_REDIS") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	port := freePort(t)
	server := exec.Command(path, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	rdb := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	awaitRedis(t, rdb)
	return rdb
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func awaitRedis(t *testing.T, rdb *redis.Client) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := rdb.Ping(t.Context()).Err()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("redis-server does not answer: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
