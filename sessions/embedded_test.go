package sessions_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/sessions"
)

// The Redis inside the process, which a first try of Helix runs on, serves
// sessions as well.
func TestOnTheEmbeddedRedis(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	b := newBench(t, client)
	token, _ := b.create("")
	token, _ = b.regenerate(token, sessions.Request{UserID: "ann"})
	old := token
	token, _ = b.regenerate(token, sessions.Request{})
	for range 6 {
		b.create("ann")
	}
	b.refuses(token, home, sessions.Unknown) // the oldest of six
	b.refuses(old, home, sessions.Unknown)
	if n, err := b.DestroyUser(t.Context(), "ann"); n != 5 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
	if _, err := b.TopAddresses(t.Context(), 3); err != nil {
		t.Error(err)
	}
	if _, err := b.Stats(t.Context()); err != nil {
		t.Error(err)
	}
}
