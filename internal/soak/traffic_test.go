package soak

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sessions"
)

const (
	sessionEvery = 100 * time.Millisecond // one of ours and one of other software's
	sessionLasts = 20 * time.Second
)

// traffic makes sessions, which end by themselves, until ctx ends. One in a
// hundred of other software's has no TTL until half a minute later, so that
// incidents come and go.
func traffic(ctx context.Context, client *redis.Client) error {
	store := newStore(client)
	tick := time.NewTicker(sessionEvery)
	defer tick.Stop()
	for i := seeds; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := visit(ctx, client, store, i); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("session %d: %w", i, err)
		}
	}
}

func newStore(client *redis.Client) *sessions.Store {
	policy := sessions.Policy{TTL: time.Minute, IdleTimeout: sessionLasts, MaxPerUser: 5, MaxPerAddressPerHour: 1000}
	return sessions.New(client, sessions.Fixed(policy), sessions.Options{})
}

// seeds is how many visits there were before anybody asks.
const seeds = 150

func seed(t *testing.T, client *redis.Client) {
	t.Helper()
	store := newStore(client)
	for i := range seeds {
		if err := visit(t.Context(), client, store, i); err != nil {
			t.Fatal(err)
		}
	}
}

// visit has somebody come and somebody else go.
func visit(ctx context.Context, client *redis.Client, store *sessions.Store, i int) error {
	user, address := fmt.Sprintf("u%d@example.com", i%40), fmt.Sprintf("203.0.113.%d", i%200)
	token, _, err := store.Create(ctx, sessions.Request{UserID: user, IP: address})
	if err != nil {
		return err
	}
	if i%4 == 0 {
		if err := store.Destroy(ctx, token); err != nil {
			return err
		}
	}
	now := float64(time.Now().UnixMilli()) / 1000
	value := fmt.Sprintf(`{"user_id": %q, "ip": %q, "created_at": %f, "last_accessed": %f}`, user, address, now, now)
	if err := client.Set(ctx, uuid(i), value, sessionLasts).Err(); err != nil {
		return err
	}
	switch i % 600 {
	case 0:
		return client.Persist(ctx, uuid(i)).Err()
	case 300:
		return client.Expire(ctx, uuid(i-300), time.Second).Err()
	}
	return nil
}

func uuid(i int) string { return fmt.Sprintf("session:3f2a9c01-77aa-4bbb-8ccc-%012d", i) }
