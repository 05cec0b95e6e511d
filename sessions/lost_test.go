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

// losing is a connection that loses a reply when told to, the so-manieth from then
// on: what was asked has been done, and the client, which cannot know, asks again.
type losing struct {
	net.Conn
	lose *atomic.Int32
}

func (c *losing) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.lose.Add(-1) == 0 {
		c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

// losingClient answers a client that loses the replies which lose says.
func losingClient(t *testing.T, lose *atomic.Int32) *redis.Client {
	t.Helper()
	server := redistest.Standalone(t)
	client := redis.NewClient(&redis.Options{
		Addr: server.Addr, DisableIdentity: true, Protocol: 2, PoolSize: 1,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return &losing{Conn: conn, lose: lose}, err
		},
	})
	t.Cleanup(func() { client.Close() })
	return client
}

// A sign-in with any one of its replies lost is one sign-in.
func TestASignInSurvivesALostReply(t *testing.T) {
	var lose atomic.Int32
	b := newBench(t, losingClient(t, &lose))
	b.policy.MaxPerUser, b.policy.MaxPerAddressPerHour = 1000, 1000
	for _, from := range []string{"", "bob"} {
		last := false
		for n := int32(1); !last; n++ {
			before, _ := b.create(from)
			lose.Store(n)
			after, _ := b.regenerate(before, sessions.Request{UserID: "ann"})
			last = lose.Swap(0) > 0 // it has no more replies
			b.refuses(before, home, sessions.Unknown)
			b.validate(after)
			if n > 9 {
				t.Fatal("it never ends")
			}
		}
	}
}

func TestALostReplyChangesNothing(t *testing.T) {
	var lose atomic.Int32
	client := losingClient(t, &lose)
	b := newBench(t, client)
	for range 2 { // the first time, the server does not know the scripts
		b.policy.MaxPerUser, b.policy.DenyAbove, b.policy.MaxPerAddressPerHour = 2, true, 1000
		one, _ := b.create("ann")
		lose.Store(1)
		two, _ := b.create("ann")
		b.policy.DenyAbove = false
		lose.Store(1)
		three, _ := b.create("ann") // which ends the first, and only that
		b.refuses(one, home, sessions.Unknown)
		b.validate(two)
		lose.Store(1)
		next, _ := b.regenerate(two, sessions.Request{})
		b.validate(next)
		lose.Store(1)
		last, _ := b.regenerate(next, sessions.Request{UserID: "ann"})
		b.validate(last)
		b.validate(three)
		lose.Store(1)
		if n, err := b.CountUser(t.Context(), "ann"); n != 2 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
		lose.Store(1)
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
