package clock

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// elsewhere is a server whose clock is ahead of the local one.
type elsewhere struct {
	mu           sync.Mutex
	ahead, takes time.Duration
	err          error
}

func (e *elsewhere) become(ahead, takes time.Duration, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ahead, e.takes, e.err = ahead, takes, err
}

func (e *elsewhere) Time(ctx context.Context) *redis.TimeCmd {
	e.mu.Lock()
	defer e.mu.Unlock()
	cmd := redis.NewTimeCmd(ctx, "time")
	time.Sleep(e.takes)
	cmd.SetVal(time.Now().Add(e.ahead))
	cmd.SetErr(e.err)
	return cmd
}

func TestTheTimeIsThatOfRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		c := New(client)
		c.local = func() time.Time { return time.Now().Add(10 * time.Minute) }
		if ahead := time.Until(c.Now()); ahead < 9*time.Minute {
			t.Errorf("before it asks it is %v", c.Now())
		}
		if err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		theirs := client.Time(t.Context()).Val()
		if apart := c.Now().Sub(theirs).Abs(); apart > 5*time.Second {
			t.Errorf("it is %s from that of Redis", apart)
		}
	})
}

func TestItCountsOnWhateverTheLocalClockDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &elsewhere{ahead: -10 * time.Minute}
		c := New(s)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		synctest.Wait()
		began := c.Now()
		if apart := time.Since(began); apart != 10*time.Minute {
			t.Errorf("it is %s behind", apart)
		}
		c.local = func() time.Time { return time.Now().Add(time.Hour) }
		s.become(0, 0, errors.New("away"))
		time.Sleep(time.Minute)
		if passed := c.Now().Sub(began); passed != time.Minute {
			t.Errorf("%s passed in a minute", passed)
		}
		s.become(time.Minute, 0, nil) // another server has taken over
		time.Sleep(syncEvery)
		synctest.Wait()
		if ahead := time.Until(c.Now()); ahead != time.Minute {
			t.Errorf("it is %s ahead, not those of who answers now", ahead)
		}
		stop()
		<-done
	})
}

// TestASlowAnswerDoesNotMakeItJump has answers of which nobody knows when they were
// given.
func TestASlowAnswerDoesNotMakeItJump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &elsewhere{}
		c := New(s)
		for _, takes := range []time.Duration{0, time.Second, 0} {
			s.become(0, takes, nil)
			if err := c.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if apart := time.Until(c.Now()); apart != 0 {
				t.Errorf("an answer that took %s puts it %s off", takes, apart)
			}
		}
	})
}
