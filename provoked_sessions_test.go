package main

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// provokeSessions goes through what can be wrong with sessions, those of another
// program all of them, then with connections, and last with the server.
func provokeSessions(t *testing.T) *provoking {
	server := redistest.Standalone(t, "--maxmemory", plenty, "--notify-keyspace-events", "En")
	k := knob{server.Client()}
	p := newProvoking(t, server.URL(), "HELIX_ALERTS_SESSION_COUNT=50", "HELIX_REDIS_MAX_SESSIONS_PER_IP_PER_HOUR=10")
	heard := "__keyevent@0__:new"
	redistest.Eventually(t, "new keys are heard of", func(ctx context.Context) bool {
		n, err := k.PubSubNumSub(ctx, heard).Result()
		return err == nil && n[heard] == 1
	})
	awaitProbes(t, k.Client, 4) // from one to the next all were heard of
	var stop func()
	p.through(t, waves{
		{
			{"creation_rate", "by Redis's notifications", func(t *testing.T) { stop = create(t, byOthers(k.Client)) }, func(*testing.T, *discordtest.Message) { stop() }},
			{"session_count", "the threshold is 50", func(*testing.T) {}, func(t *testing.T, _ *discordtest.Message) { endSessions(t, k.Client) }},
		},
		{
			{"no_ttl", "2 sessions without a TTL", func(t *testing.T) { makeSessions(t, k.Client, 2, 0) }, func(t *testing.T, _ *discordtest.Message) { endSessions(t, k.Client) }},
		},
		{
			{"people_over_limit", "most sessions → 8 bob@example.com", func(t *testing.T) { crowd(t, k.Client, 8, "bob@example.com", "") }, p.endExtra},
			{"addresses_over_limit", "most made within the hour → 12 203.0.113.9", func(t *testing.T) { crowd(t, k.Client, 12, "", "203.0.113.9") }, p.lookThenEnd(k.Client)},
		},
		{
			{"connections", "of maxclients", func(t *testing.T) { stop = occupy(t, k) }, func(*testing.T, *discordtest.Message) { stop() }},
			{"rejected_connections", "rejected in the last", func(t *testing.T) { knock(t, server.Addr) }, func(t *testing.T, _ *discordtest.Message) {
				k.set(t, "maxclients", 10000)
				p.set(t, "alerts.rejected_connections=1000000")
			}},
		},
		{
			{"server_down", "Redis does not answer", func(*testing.T) { server.Kill() }, func(*testing.T, *discordtest.Message) { server.Restart() }},
		},
	})
	return p
}

// awaitProbes waits until Redis has been asked for its figures so often, by others
// than this test.
func awaitProbes(t *testing.T, client *redis.Client, more int) {
	t.Helper()
	asked := regexp.MustCompile(`cmdstat_info:calls=(\d+)`)
	first, ours := -1, 0
	redistest.Eventually(t, "Redis is probed", func(ctx context.Context) bool {
		text, err := client.Info(ctx, "commandstats").Result()
		calls := 0
		if m := asked.FindStringSubmatch(text); m != nil {
			calls, _ = strconv.Atoi(m[1]) // digits
		}
		if first < 0 {
			first = calls
		}
		ours++
		return err == nil && calls-first-ours >= more
	})
}

// endExtra presses the button that names the worst person, and confirms its plan.
func (p *provoking) endExtra(t *testing.T, shown *discordtest.Message) {
	t.Helper()
	p.As("ann").Clicks(shown, "End the extra sessions of bob@example.com")
	plan := p.In("#ops").Sees("Plan: end 3 sessions of 1 person.")
	form := p.As("ann").Clicks(plan, "Confirm…")
	p.As("ann").Submits(form, map[string]string{"word": "forever"})
	plan.Becomes("Ended 3 sessions.")
}

// lookThenEnd presses the button that shows who is at an address, and ends all.
func (p *provoking) lookThenEnd(client *redis.Client) func(*testing.T, *discordtest.Message) {
	return func(t *testing.T, shown *discordtest.Message) {
		t.Helper()
		p.As("ann").Clicks(shown, "See who is at 203.0.113.9")
		p.In("#ops").Sees("ann: !sessions who 203.0.113.9", "12 anonymous")
		endSessions(t, client)
	}
}

// crowd makes sessions of one person, or of nobody, and from one address.
func crowd(t *testing.T, client *redis.Client, n int, user, address string) {
	t.Helper()
	for i := range n {
		key, now := fmt.Sprintf("session:%s%016x", address, i), time.Now().Unix()
		if user != "" {
			key = fmt.Sprintf("session:user:%s:%016x", user, i)
		}
		value := fmt.Sprintf(`{"user_id":%q,"ip":%q,"created_at":%d,"last_accessed":%d}`, user, address, now, now+int64(i))
		if err := client.Set(t.Context(), key, value, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// byOthers makes a session as another program does.
func byOthers(client *redis.Client) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		return client.Set(ctx, fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i), "{}", time.Hour).Err()
	}
}

// byHelix makes a session, while that is on, as an instance of Helix does,
// which tells of what it made all the while.
func byHelix(client redis.UniversalClient, on *atomic.Bool) func(context.Context, int) error {
	policy := sessions.Policy{TTL: time.Hour, IdleTimeout: time.Hour, MaxPerUser: 10, MaxPerAddressPerHour: 10_000}
	store := sessions.New(client, sessions.Fixed(policy), sessions.Options{})
	return func(ctx context.Context, i int) error {
		if i == 0 || on.Load() {
			if _, _, err := store.Create(ctx, sessions.Request{UserID: fmt.Sprint("p", i), IP: "203.0.113.7"}); err != nil {
				return err
			}
		}
		return store.TellCounts(ctx)
	}
}

// create makes twenty sessions a second until stop.
func create(t *testing.T, one func(ctx context.Context, i int) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- repeat(ctx, 50*time.Millisecond, one) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// repeat calls f, with how often it was called, until ctx ends.
func repeat(ctx context.Context, every time.Duration, f func(ctx context.Context, i int) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := f(ctx, i); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// occupy has more than nine tenths of the connections used, until stop.
func occupy(t *testing.T, k knob) (stop func()) {
	t.Helper()
	var all []net.Conn
	for range 100 {
		c, err := net.Dial("tcp", k.Options().Addr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	redistest.Eventually(t, "all are connected", func(context.Context) bool { return infoOf(t, k.Client, "clients", "connected_clients") > 100 })
	k.set(t, "maxclients", infoOf(t, k.Client, "clients", "connected_clients")+8)
	return func() {
		for _, c := range all {
			c.Close()
		}
	}
}

// knock asks for more connections than there may be, until one is turned away.
func knock(t *testing.T, addr string) {
	t.Helper()
	for range 100 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		answer := make([]byte, 100)
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, _ := c.Read(answer); strings.Contains(string(answer[:n]), "max number of clients") {
			return
		}
	}
	t.Fatal("nobody was turned away")
}
