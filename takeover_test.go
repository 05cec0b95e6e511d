package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/longtest"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/lease"
)

// takeovers is how often the campaign has an instance killed, and stopped in order.
// The whole of it, as docs/results.md has it:
//
//	HELIX_TAKEOVERS=50 go test . -run TestTakeoverTimes -v
const takeovers = "HELIX_TAKEOVERS"

// crew is several instances in one place, on one Redis.
type crew struct {
	*place
	t       *testing.T
	server  *redistest.Server
	client  *redis.Client
	env     []string
	members []*instance
}

func newCrew(t *testing.T, p *place, env ...string) *crew {
	t.Helper()
	server := redistest.Standalone(t)
	return &crew{place: p, t: t, server: server, client: server.Client(), env: append(env, "REDIS_URL="+server.URL())}
}

// joins starts an instance and waits until it is in the list; the first one
// speaks by then.
func (c *crew) joins(env ...string) *instance {
	c.t.Helper()
	i := c.launch(c.t, append(slices.Clone(c.env), env...)...)
	c.members = append(c.members, i)
	ready := c.discord.Gateway().Identifies()
	redistest.Eventually(c.t, "an instance joins", func(ctx context.Context) bool { return i.listed(ctx, c) })
	if len(c.members) == 1 {
		c.discord.Gateway().AwaitReady(ready + 1)
	}
	return i
}

// listed reports whether an instance is among those that Redis knows.
func (i *instance) listed(ctx context.Context, c *crew) bool {
	list, err := lease.List(ctx, c.client)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(list, func(in lease.Instance) bool { return strings.Contains(i.log.String(), in.ID) })
}

// awaitHolder waits until an instance speaks.
func (c *crew) awaitHolder(i *instance) {
	c.t.Helper()
	redistest.Eventually(c.t, "another instance takes over", func(ctx context.Context) bool {
		list, err := lease.List(ctx, c.client)
		return err == nil && len(list) > 0 && list[0].Holder && strings.Contains(i.log.String(), list[0].ID)
	})
}

// signal sends an instance a signal.
func (i *instance) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := i.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// awaitLog waits until an instance has said something.
func (i *instance) awaitLog(t *testing.T, text string) {
	t.Helper()
	redistest.Eventually(t, "the log says "+text, func(context.Context) bool { return strings.Contains(i.log.String(), text) })
}

// TestTakeoverTimes kills the instance that speaks, and stops it in order, and
// measures until the next one answers what was said as soon as nobody listened.
func TestTakeoverTimes(t *testing.T) {
	t.Parallel()
	rounds := longtest.Number(t, takeovers, 2)
	c := newCrew(t, newPlace(t))
	c.joins()
	took := map[string][]time.Duration{}
	for n := range 2 * rounds {
		next := c.joins()
		holder := c.members[len(c.members)-2]
		name, how := "killed", syscall.SIGKILL
		if n%2 == 1 {
			name, how = "stopped in order", syscall.SIGTERM
		}
		began := time.Now()
		holder.signal(t, how)
		c.discord.Gateway().AwaitGone()
		silent := time.Now()
		c.As("ann").Says("#ops", fmt.Sprintf("!redis echo round%d", n)).Sees(fmt.Sprintf("round%d", n))
		took[name+", from the signal"] = append(took[name+", from the signal"], time.Since(began))
		took[name+", from the end of its connection"] = append(took[name+", from the end of its connection"], time.Since(silent))
		c.awaitHolder(next)
		<-holder.done
	}
	bounds := map[string]time.Duration{
		"killed, from the signal": 10 * time.Second, "killed, from the end of its connection": 10 * time.Second,
		"stopped in order, from the end of its connection": 2 * time.Second, "stopped in order, from the signal": graceAnd(2 * time.Second),
	}
	for _, name := range slices.Sorted(maps.Keys(bounds)) {
		all := slices.Sorted(slices.Values(took[name]))
		longest := all[len(all)-1]
		t.Logf("%s: %d rounds, median %s, maximum %s", name, len(all), all[len(all)/2].Round(time.Millisecond), longest.Round(time.Millisecond))
		if longest > bounds[name] {
			t.Errorf("%s: the longest gap is %s, want at most %s", name, longest, bounds[name])
		}
	}
}

// graceAnd is a bound that begins while programs that run may still end.
func graceAnd(d time.Duration) time.Duration { return 5*time.Second + d }
