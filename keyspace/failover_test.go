package keyspace_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/keyspace"
)

// behindOneName returns a client that reaches first, and second after the
// switch: what a failover looks like from outside.
func behindOneName(t *testing.T, first, second *redistest.Server) (c *redis.Client, failOver func()) {
	t.Helper()
	var addr atomic.Value
	addr.Store(first.Addr)
	c = redis.NewClient(&redis.Options{
		Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr.Load().(string))
		},
	})
	t.Cleanup(func() { c.Close() })
	return c, func() {
		addr.Store(second.Addr)
		first.Kill()
	}
}

func TestAScanBeginsAnewOnTheServerThatTookOver(t *testing.T) {
	first, second := redistest.Standalone(t), redistest.Standalone(t)
	fill(t, first.Client(), "session:", 20_000)
	fill(t, second.Client(), "session:", 20_000)
	fill(t, second.Client(), "late:", 100)
	c, failOver := behindOneName(t, first, second)
	seen := make(map[string]int)
	pages := 0
	stats, err := keyspace.New(c).Scan(context.Background(), keyspace.Query{Count: 100}, func(page [][]byte) error {
		for _, key := range page {
			seen[string(key)]++
		}
		if pages++; pages == 50 {
			failOver()
		}
		return nil
	})
	if err != nil || stats.Restarted != 1 || stats.Partial {
		t.Fatalf("%+v, %v", stats, err)
	}
	if len(seen) != 20_100 {
		t.Errorf("%d keys, want 20,100", len(seen))
	}
	for key, n := range seen {
		if n != 1 {
			t.Fatalf("%s was visited %d times", key, n)
		}
	}
}

// A server that came back empty is another one: its cursors mean nothing.
func TestAScanSurvivesARestart(t *testing.T) {
	server := redistest.Standalone(t)
	c := server.Client()
	fill(t, c, "session:", 20_000)
	pages := 0
	stats, err := keyspace.New(c).Scan(context.Background(), keyspace.Query{Count: 100}, func([][]byte) error {
		if pages++; pages == 50 {
			server.Restart()
			fill(t, server.Client(), "new:", 10)
		}
		return nil
	})
	if err != nil || stats.Restarted != 1 || stats.Keys < 5010 || stats.Keys > 10_000 {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestAClusterWithoutOneMasterIsPartial(t *testing.T) {
	cluster := redistest.Cluster(t)
	c := cluster.Client()
	fill(t, c, "session:", 6000)
	pages := 0
	stats, err := keyspace.New(c).Scan(context.Background(), keyspace.Query{Count: 100}, func([][]byte) error {
		if pages++; pages == 5 {
			cluster.Masters[1].Kill()
		}
		return nil
	})
	var partial *keyspace.PartialError
	if !errors.As(err, &partial) || !stats.Partial || partial.Seen != stats.Keys || stats.Keys >= 6000 {
		t.Errorf("%+v, %v", stats, err)
	}
}
