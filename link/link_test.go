package link_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Shared(m)) }

func TestALinkIsCutByItsContext(t *testing.T) {
	redistest.EachSingle(t, func(t *testing.T, client *redis.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		greeted := 0
		l, closeLink := link.New(ctx, client, func(context.Context, *redis.Conn) error { greeted++; return nil })
		defer closeLink()
		conn, err := l.Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := l.Open(ctx); again != conn || err != nil || greeted != 1 {
			t.Errorf("opened again: %v, greeted %d times", err, greeted)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := conn.Read(make([]byte, 1))
			ended <- err
		}()
		cancel()
		if err := <-ended; err == nil {
			t.Error("it was read from")
		}
		l.Drop()
		if _, err := l.Open(t.Context()); err == nil {
			t.Error("a link that was cut opens once more")
		}
	})
}

func TestALinkThatIsDroppedConnectsAnew(t *testing.T) {
	redistest.EachSingle(t, func(t *testing.T, client *redis.Client) {
		l, closeLink := link.New(t.Context(), client, nil)
		defer closeLink()
		first, err := l.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.Drop()
		if _, err := first.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
			t.Errorf("the first answers %v", err)
		}
		if second, err := l.Open(t.Context()); err != nil || second == first {
			t.Errorf("%v, the same: %v", err, second == first)
		}
	})
}

func TestGreetingsFail(t *testing.T) {
	errGreeting := errors.New("nobody there")
	redistest.EachSingle(t, func(t *testing.T, client *redis.Client) {
		l, closeLink := link.New(t.Context(), client, func(context.Context, *redis.Conn) error { return errGreeting })
		defer closeLink()
		if _, err := l.Open(t.Context()); !errors.Is(err, errGreeting) {
			t.Errorf("it opens with %v", err)
		}
	})
}

func TestACommandOnTheWire(t *testing.T) {
	if got, want := string(link.AppendCommand([]byte("x"), "ECHO", "a\r\nb", "")), "x*3\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n$0\r\n\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
