package sessions_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// losing is a connection that loses a reply when told to: what was asked has been
// done, and the client, which cannot know, asks again.
type losing struct {
	net.Conn
	lose *atomic.Bool
}

func (c *losing) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.lose.CompareAndSwap(true, false) {
		c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

func TestALostReplyChangesNothing(t *testing.T) {
	server := redistest.Standalone(t)
	var lose atomic.Bool
	client := redis.NewClient(&redis.Options{
		Addr: server.Addr, DisableIdentity: true, Protocol: 2, PoolSize: 1,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return &losing{Conn: conn, lose: &lose}, err
		},
	})
	t.Cleanup(func() { client.Close() })
	b := newBench(t, client)
	for range 2 { // the first time, the server does not know the scripts
		b.policy.MaxPerUser, b.policy.DenyAbove, b.policy.MaxPerAddressPerHour = 2, true, 1000
		one, _ := b.create("ann")
		lose.Store(true)
		two, _ := b.create("ann")
		b.policy.DenyAbove = false
		lose.Store(true)
		three, _ := b.create("ann") // which ends the first, and only that
		b.refuses(one, home, sessions.Unknown)
		b.validate(two)
		lose.Store(true)
		next, _ := b.regenerate(two, sessions.Request{})
		b.validate(next)
		lose.Store(true)
		last, _ := b.regenerate(next, sessions.Request{UserID: "ann"})
		b.validate(last)
		b.validate(three)
		lose.Store(true)
		if n, err := b.CountUser(t.Context(), "ann"); n != 2 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
		lose.Store(true)
		if err := b.Destroy(t.Context(), last); err != nil {
			t.Error(err)
		}
		b.refuses(last, home, sessions.Unknown)
		if _, err := b.DestroyUser(t.Context(), "ann"); err != nil {
			t.Error(err)
		}
	}
	if n := client.ZCard(t.Context(), "helix:address:"+home).Val(); n != 6 {
		t.Errorf("%d creations are counted, want 6", n)
	}
}
