package probe

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// silence is how long a server may tell of nothing before it is asked whether
	// it is there.
	silence = 20 * time.Second
	// mostEvents is how many events a second are listened to.
	mostEvents = 5000
)

var errTooMany = errors.New("the server tells of too many new keys")

// hear listens to one server. It calls ready once, when it does or cannot.
func (e *events) hear(ctx context.Context, client *redis.Client, ready func()) error {
	once := sync.OnceFunc(ready)
	defer once()
	own := client.Subscribe(ctx, "__keyevent@"+strconv.Itoa(client.Options().DB)+"__:new")
	defer own.Close()
	defer context.AfterFunc(ctx, func() { own.Close() })()
	allowed := newAllowance(mostEvents)
	for asked := false; ; {
		message, err := own.ReceiveTimeout(ctx, silence)
		var slow net.Error
		switch {
		case err != nil && !asked && errors.As(err, &slow) && slow.Timeout():
			asked, err = true, own.Ping(ctx)
		case err == nil:
			asked = false
			err = e.heard(message, allowed, once)
		}
		if err != nil {
			return err
		}
	}
}

func (e *events) heard(message any, allowed *allowance, ready func()) error {
	switch m := message.(type) {
	case *redis.Subscription:
		ready()
	case *redis.Message:
		if strings.HasPrefix(m.Payload, "session:") {
			e.new.Add(1)
		}
		if !allowed.one(time.Now()) {
			return errTooMany
		}
	}
	return nil
}

// allowance is how much may happen within a second.
type allowance struct {
	most, n int
	began   time.Time
}

func newAllowance(most int) *allowance { return &allowance{most: most} }

// one counts one more and answers whether that is allowed.
func (a *allowance) one(now time.Time) bool {
	if now.Sub(a.began) >= time.Second {
		a.began, a.n = now, 0
	}
	a.n++
	return a.n <= a.most
}
