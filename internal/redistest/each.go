package redistest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Each runs a suite on every kind of Redis that Helix works with, as the
// subtests "miniredis", "redis-server", "sentinel" (a master, two replicas,
// three Sentinels) and "cluster" (three masters, three replicas). Each run
// begins on empty servers; it may change what they hold, but neither their
// configuration nor who of them is master. See Shared for the time it takes.
func Each(t *testing.T, suite func(t *testing.T, client redis.UniversalClient)) {
	t.Helper()
	EachServer(t, func(t *testing.T, url string, client redis.UniversalClient) { suite(t, client) })
}

// EachServer is Each for a suite that needs the address as well, as Helix's
// configuration takes it.
func EachServer(t *testing.T, suite func(t *testing.T, url string, client redis.UniversalClient)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		addr := miniredis.RunT(t).Addr()
		suite(t, "redis://"+addr, open(t, &redis.Options{Addr: addr}))
	})
	EachReal(t, suite)
}

// EachReal is EachServer without miniredis.
func EachReal(t *testing.T, suite func(t *testing.T, url string, client redis.UniversalClient)) {
	t.Helper()
	t.Run("redis-server", func(t *testing.T) {
		s := Standalone(t)
		suite(t, s.URL(), s.Client())
	})
	EachGroup(t, suite)
}

// EachGroup is EachServer for "sentinel" and "cluster" alone, where a suite runs
// on a single server in another way already.
func EachGroup(t *testing.T, suite func(t *testing.T, url string, client redis.UniversalClient)) {
	t.Helper()
	t.Run("sentinel", func(t *testing.T) {
		s := common.take(t, &common.sentinels)
		suite(t, s.URL(), s.Client())
	})
	EachCluster(t, suite)
}

// EachCluster is EachServer for "cluster" alone, for what is different there.
func EachCluster(t *testing.T, suite func(t *testing.T, url string, client redis.UniversalClient)) {
	t.Helper()
	t.Run("cluster", func(t *testing.T) {
		c := common.take(t, &common.clusters)
		suite(t, c.URL(), c.Client())
	})
}

// EachSingle runs a suite where a client speaks to one server at a time: as the
// subtests "miniredis", "redis-server" and "sentinel".
func EachSingle(t *testing.T, suite func(t *testing.T, client *redis.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { suite(t, open(t, &redis.Options{Addr: miniredis.RunT(t).Addr()})) })
	t.Run("redis-server", func(t *testing.T) { suite(t, Standalone(t).Client()) })
	t.Run("sentinel", func(t *testing.T) { suite(t, common.take(t, &common.sentinels).Client().(*redis.Client)) })
}

// Again returns another client of the same servers, closed when the test ends.
// It speaks the given version of the protocol, 2 or 3.
func Again(t testing.TB, client redis.UniversalClient, protocol int) redis.UniversalClient {
	t.Helper()
	switch c := client.(type) {
	case *redis.Client:
		o := *c.Options()
		o.Protocol = protocol
		return open(t, &o)
	case *redis.ClusterClient:
		o := *c.Options()
		o.Protocol = protocol
		again := redis.NewClusterClient(&o)
		t.Cleanup(func() { again.Close() })
		return again
	}
	t.Fatalf("a %T is no client of this package", client)
	return nil
}

// Keys answers the keys of all servers that hold any of their own, in no order.
func Keys(t testing.TB, client redis.UniversalClient) []string {
	t.Helper()
	var mu sync.Mutex
	var all []string
	err := OnMasters(context.Background(), client, func(ctx context.Context, c *redis.Client) error {
		keys, err := c.Keys(ctx, "*").Result()
		mu.Lock()
		defer mu.Unlock()
		all = append(all, keys...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Exist answers how many of some keys there are. A Cluster would not be asked for
// all of them by one command.
func Exist(t testing.TB, client redis.UniversalClient, keys ...string) int {
	t.Helper()
	n := int64(0)
	for _, key := range keys {
		found, err := client.Exists(context.Background(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		n += found
	}
	return int(n)
}

// Flush takes away all that the servers hold. A client of a Cluster would have
// only one of them do so.
func Flush(ctx context.Context, client redis.UniversalClient) error {
	return OnMasters(ctx, client, func(ctx context.Context, c *redis.Client) error { return c.FlushAll(ctx).Err() })
}

// OnMasters does something on every server that holds keys of its own, on those of a
// Cluster at once.
func OnMasters(ctx context.Context, client redis.UniversalClient, do func(context.Context, *redis.Client) error) error {
	switch c := client.(type) {
	case *redis.Client:
		return do(ctx, c)
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, do)
	}
	return fmt.Errorf("a %T is no client of this package", client)
}
