// Package scsbench holds Helix's sessions against alexedwards/scs with its Redis
// stores. It is a module of its own, so that Helix itself depends on neither.
package scsbench

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

const (
	connections = 50     // of each side
	requests    = 20_000 // of each side in a round
	rounds      = 5      // each side in turn; the median of the rounds' ratios counts

	user  = "ann@example.com"
	home  = "203.0.113.7"
	agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	data  = `{"theme":"dark","language":"en-GB","csrf":"5f2b9c0d1e3a4b6c8d7e9f0a1b2c3d4e"}`
)

// BenchmarkValidate holds Validate against the same work of scs, on one server at
// equal connections: to load a session, look whose it is and where from, note its
// use, and commit it with its new end.
func BenchmarkValidate(b *testing.B) {
	addr := redistest.Standalone(b).Addr
	client := goredis.NewClient(&goredis.Options{Addr: addr, PoolSize: connections, DisableIdentity: true})
	b.Cleanup(func() { client.Close() })
	pool := &redis.Pool{
		MaxIdle: connections, MaxActive: connections, Wait: true,
		Dial: func() (redis.Conn, error) { return redis.Dial("tcp", addr) },
	}
	b.Cleanup(func() { pool.Close() })
	validate := ours(b, client)
	sides := map[string]func() error{
		"of-scs-redisstore":   theirs(b, redisstore.New(pool)),
		"of-scs-goredisstore": theirs(b, goredisstore.New(client)),
	}
	for b.Loop() {
		ratios := make(map[string][]float64)
		for range rounds {
			rate := rateOf(b, validate)
			for name, call := range sides {
				ratios[name] = append(ratios[name], rate/rateOf(b, call))
			}
		}
		for name, all := range ratios {
			slices.Sort(all)
			b.ReportMetric(all[len(all)/2], name)
		}
	}
}

func ours(b *testing.B, client *goredis.Client) func() error {
	b.Helper()
	store := sessions.New(client, sessions.Fixed(sessions.Policy{
		TTL: 24 * time.Hour, IdleTimeout: time.Hour, MaxPerUser: 5, MaxPerAddressPerHour: 20, BindAddress: true,
	}), sessions.Options{})
	token, _, err := store.Create(b.Context(), sessions.Request{UserID: user, IP: home, UserAgent: agent, Data: []byte(data)})
	if err != nil {
		b.Fatal(err)
	}
	return func() error {
		_, err := store.Validate(context.Background(), token, home)
		return err
	}
}

// theirs answers the work of Validate done with scs: the same members, and its
// idle timeout, with which a session is committed again at every use.
func theirs(b *testing.B, store scs.Store) func() error {
	b.Helper()
	manager := scs.New()
	manager.Store, manager.Lifetime, manager.IdleTimeout = store, 24*time.Hour, time.Hour
	ctx, err := manager.Load(context.Background(), "")
	if err != nil {
		b.Fatal(err)
	}
	for member, text := range map[string]string{"user_id": user, "ip": home, "user_agent": agent, "data": data} {
		manager.Put(ctx, member, text)
	}
	manager.Put(ctx, "created_at", float64(time.Now().UnixMicro())/1e6)
	token, _, err := manager.Commit(ctx)
	if err != nil {
		b.Fatal(err)
	}
	return func() error {
		ctx, err := manager.Load(context.Background(), token)
		if err != nil {
			return err
		}
		if manager.GetString(ctx, "user_id") != user || manager.GetString(ctx, "ip") != home {
			return sessions.ErrNoSession
		}
		manager.Put(ctx, "last_accessed", float64(time.Now().UnixMicro())/1e6)
		_, _, err = manager.Commit(ctx)
		return err
	}
}

// rateOf answers how many calls a second are made on all connections.
func rateOf(b *testing.B, call func() error) float64 {
	b.Helper()
	var left atomic.Int64
	left.Store(requests)
	start := time.Now()
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if err := call(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return requests / time.Since(start).Seconds()
}
