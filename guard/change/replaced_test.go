package change_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// An answer of the server that took over gets lost, and whom it is asked of next
// is the one that was replaced, which knows of less: that must neither be taken
// for a loss nor have the transaction made once more.
func TestAServerThatWasReplacedIsNotBelieved(t *testing.T) {
	p := newPair(t)
	var w wire
	client := redis.NewClient(&redis.Options{
		Addr: "either:1", Protocol: 2, DisableIdentity: true, DialerRetries: 1, MaxRetries: 1,
		Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return w.dial(ctx, network, p.now.Load().Addr)
		},
	})
	t.Cleanup(func() { client.Close() })
	a := newAppending(t, client, "replaced", 600)
	a.happens[3] = func(int) { // the old master goes on, as far as it knows
		p.inStep()
		p.must(p.second.Client().ReplicaOf(t.Context(), "NO", "ONE").Err())
		p.now.Store(p.second)
		p.must(p.master.Client().ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes").Err())
	}
	cut := func(send func(), sent []byte) {
		send()
		key := firstKey(sent)
		redistest.Eventually(t, "it is carried out", func(ctx context.Context) bool { return p.second.Client().Get(ctx, key).Val() == "vx" })
		p.must(p.master.Client().ConfigResetStat(t.Context()).Err())
		p.now.Store(p.master)
		go func() {
			redistest.Eventually(t, "the old master is asked", func(ctx context.Context) bool {
				stats, err := p.master.Client().Info(ctx, "commandstats").Result()
				return err == nil && strings.Contains(stats, "cmdstat_get:")
			})
			p.now.Store(p.second)
		}()
	}
	a.happens[6] = func(int) { w.cut.Store(&cut) }
	at, err := a.run()
	if err != nil || at.Lost > 0 || at.Done != 600 {
		t.Errorf("%+v, %v, although nothing was lost", at, err)
	}
	p.now.Store(p.second)
	if n := a.shown(); n != 600 {
		t.Errorf("%d commands can be seen", n)
	}
}
