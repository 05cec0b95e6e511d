package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

// healing is a channel whose app sees to its state, as a running one does.
type healing struct {
	channel
	client *redis.Client
}

func newHealing(t *testing.T, server *redistest.Server) healing {
	t.Helper()
	h := healing{newChannel(t, server.URL()), server.Client()}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		_ = h.app.alongside(ctx, func(ctx context.Context) error { h.app.heal(ctx, nil); return nil })
	})
	t.Cleanup(func() { stop(); running.Wait() })
	return h
}

// does says a line, confirms what it plans, and answers what that came to.
func (h healing) does(line string) commands.Reply {
	h.Helper()
	reply := h.says(line)
	if reply.Plan != nil {
		reply = h.confirms(reply.Plan)
	}
	return reply
}

// succeeds does a line that has to come about, and to say something.
func (h healing) succeeds(line, says string) {
	h.Helper()
	reply := h.does(line)
	text := string(reply.Output) + reply.Problem
	if reply.Outcome != commands.OK || reply.Status != 0 || !strings.Contains(text, says) {
		h.Errorf("%s: %s, status %d, %q; it should say %q", line, reply.Outcome, reply.Status, text, says)
	}
}

// settle has the app leave each kind of its own state behind.
func (h healing) settle() {
	h.Helper()
	ctx, a := h.Context(), h.app
	h.succeeds("!config set redis.session_ttl=43200", "43200")
	h.succeeds("!alias size = redis dbsize", "size")
	h.succeeds("!every 1h: redis dbsize", "Schedule")
	h.succeeds("!silence memory 1h", "memory")
	h.says("!redis mset a 1 b 2") // a plan that waits
	_, firstErr := a.pin.Pin(ctx, "123456789012345678")
	_, secondErr := a.greeted.Greet(ctx, "123456789012345678")
	_, thirdErr := a.sessions.Cleanup(ctx)
	for _, err := range []error{
		firstErr, secondErr, thirdErr, a.sessions.TellCounts(ctx), a.sessions.ConfirmForeign(ctx, sessions.Consent{By: "1", At: time.Now()}),
		a.series.Append(ctx, sample.Sample{At: time.Now(), Values: map[sample.Name]float64{sample.Up: 1, sample.Sessions: 3}}),
	} {
		if err != nil {
			h.Fatal(err)
		}
	}
	h.app.audit.Flush(ctx)
}

// ownState lists the keys that a conversation leaves, and those that it could, one
// ring of a series for all.
func (h healing) ownState() []string {
	keys, err := h.client.Keys(h.Context(), "{helix}:*").Result()
	if err != nil {
		h.Fatal(err)
	}
	for _, key := range ownKeys() {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(strings.Count(a, "audit"), strings.Count(b, "audit")) }) // which stays broken
	return slices.DeleteFunc(keys, func(key string) bool {
		return strings.HasPrefix(key, "{helix}:series:") && key != "{helix}:series:hour:sessions"
	})
}

// works holds a conversation that touches all state. knows says that the app is to
// know what there was before.
func (h healing) works(knows bool) {
	h.Helper()
	h.succeeds("!redis set healed 1", "OK")
	h.succeeds("!undo", "as before")
	h.succeeds("!redis mset a 1 b 2", "OK")
	h.succeeds("!pending", "")
	if chart := h.does("!chart sessions"); chart.Outcome != commands.OK || len(chart.Pictures) == 0 && !strings.Contains(chart.Problem, "Nothing was measured") {
		h.Errorf("a chart comes to %+v", chart)
	}
	h.succeeds("!sessions cleanup", "")
	h.succeeds("!alerts", "")
	h.succeeds("!audit", "mset")
	if knows {
		h.succeeds("!config get redis.session_ttl", "43200")
		h.succeeds("!alias list", "size")
		h.succeeds("!every list", "redis dbsize")
	}
	h.succeeds("!config set redis.max_sessions_per_user=7", "7")
	h.succeeds("!config set redis.max_sessions_per_user=5", "5")
	h.succeeds("!alias more = redis dbsize", "more")
	h.succeeds("!alias remove more", "no alias")
	h.succeeds("!silence memory 2h", "memory")
	for _, err := range []error{
		h.app.series.Append(h.Context(), sample.Sample{At: time.Now(), Values: map[sample.Name]float64{sample.Up: 1, sample.Sessions: 3}}),
		h.app.schedules.Recall(h.Context(), map[string]time.Time{"abcde": time.Now()}),
		h.app.audit.Require(h.Context(), audit.Entry{Event: audit.Done, By: "1"}),
	} {
		if err != nil {
			h.Error(err)
		}
	}
}

// verifies holds that the audit's chain either holds, or says what is missing.
func (h healing) verifies(damaged string) {
	h.Helper()
	h.app.audit.Flush(h.Context())
	report, err := h.app.audit.Verify(h.Context())
	if err != nil {
		h.Error(err)
	} else if gone := strings.HasPrefix(damaged, "{helix}:audit") || damaged == allOfIt; report.Break != nil && !gone {
		h.Errorf("the audit is broken at %+v", report.Break)
	} else if gone && report.Break != nil && !strings.Contains(report.Break.Reason, "missing") && !strings.Contains(report.Break.Reason, "anchor") {
		h.Errorf("the audit is broken at %+v", report.Break)
	}
}

const allOfIt = "allOfIt"

// damages are the ways in which a key is lost.
func damages(c *redis.Client) map[string]func(ctx context.Context, key string) error {
	return map[string]func(ctx context.Context, key string) error{
		"gone": func(ctx context.Context, key string) error { return c.Del(ctx, key).Err() },
		"another type": func(ctx context.Context, key string) error {
			if c.Type(ctx, key).Val() != "string" {
				return c.Set(ctx, key, "\x00garbage", 0).Err()
			}
			return errors.Join(c.Del(ctx, key).Err(), c.RPush(ctx, key, "x").Err())
		},
		"half": func(ctx context.Context, key string) error {
			fields := c.HKeys(ctx, key).Val()
			slices.Sort(fields)
			for i, field := range fields {
				if i%2 == 0 {
					c.HDel(ctx, key, field)
				}
			}
			return nil
		},
	}
}

// TestOwnStateHeals has each key of ours vanish, or become something else, under a
// running app: it goes on, and knows what it knew.
func TestOwnStateHeals(t *testing.T) {
	server := redistest.Standalone(t)
	h := newHealing(t, server)
	h.settle()
	keys := h.ownState()
	for _, key := range keys {
		for name, damage := range damages(h.client) {
			h.heals(key+" "+name, key, func(ctx context.Context) error { return damage(ctx, key) })
		}
	}
	h.heals("flushed", allOfIt, func(ctx context.Context) error { return h.client.FlushAll(ctx).Err() })
	h.heals("restarted without its data", allOfIt, func(context.Context) error { server.Restart(); return nil })
}

func (h healing) heals(name, key string, damage func(ctx context.Context) error) {
	h.Run(name, func(t *testing.T) {
		h.T = t
		if err := damage(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.works(true)
		h.verifies(key)
	})
}

// TestStartingOnDamage starts an app where all keys of ours hold something else.
func TestStartingOnDamage(t *testing.T) {
	server := redistest.Standalone(t)
	for i, key := range ownKeys() {
		damage := damages(server.Client())["another type"]
		if err := damage(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 { // a list
			if err := damage(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	h := newHealing(t, server)
	h.works(false)
	h.settle()
	h.works(true)
	h.verifies(allOfIt)
	if pinned, err := h.app.pin.Pinned(t.Context()); err != nil || pinned != "123456789012345678" {
		t.Errorf("%q is pinned, %v", pinned, err)
	}
}

// TestALaterReleaseIsNotDisturbed has one keep aliases, schedules and settings: this
// one reads, says so, and leaves everything as it is.
func TestALaterReleaseIsNotDisturbed(t *testing.T) {
	server := redistest.Standalone(t)
	h := newHealing(t, server)
	h.settle()
	ctx, c := t.Context(), h.client
	for _, key := range []string{"{helix}:aliases", "{helix}:schedules"} {
		c.HSet(ctx, key, "newer", `{"schema":2,"line":"redis dbsize"}`, "@revision", 99, "@id", "later")
	}
	c.HSet(ctx, "{helix}:config", "@schema", 2, "@revision", 99, "@id", "later")
	for _, key := range []string{"{helix}:incidents", "{helix}:silences"} {
		c.HSet(ctx, key, "@schema", 2, "@mark", "later")
	}
	before := map[string]map[string]string{}
	later := []string{"{helix}:aliases", "{helix}:schedules", "{helix}:config", "{helix}:incidents", "{helix}:silences"}
	for _, key := range later {
		before[key] = c.HGetAll(ctx, key).Val()
	}
	h.succeeds("!alias list", "size")
	h.succeeds("!every list", "redis dbsize")
	for _, line := range []string{"!alias other = redis dbsize", "!alias remove size", "!every 2h: redis dbsize", "!config set redis.session_ttl=5h", "!silence memory 3h"} {
		reply := h.does(line)
		if text := string(reply.Output) + reply.Problem; reply.Status == 0 || !strings.Contains(text, "later release") {
			t.Errorf("%s: %s, status %d, %q", line, reply.Outcome, reply.Status, text)
		}
	}
	c.HSet(ctx, "{helix}:audit:head", "schema", 2)
	if reply := h.does("!redis mset a 1 b 2"); !strings.Contains(reply.Problem, "later release") {
		t.Errorf("a change that cannot be recorded: %+v", reply)
	}
	for _, key := range later {
		if after := c.HGetAll(ctx, key).Val(); !maps.Equal(after, before[key]) {
			t.Errorf("%s is %v, and was %v", key, after, before[key])
		}
	}
}

// TestRedisComesBack has it away while people ask, and come back with its data and
// without.
func TestRedisComesBack(t *testing.T) {
	server := redistest.Standalone(t, "--dir", t.TempDir(), "--appendonly", "yes", "--appendfsync", "always")
	h := newHealing(t, server)
	h.settle()
	server.Kill()
	for _, line := range []string{"!config set redis.session_ttl=5h", "!alias more = redis dbsize", "!every 2h: redis dbsize", "!silence memory 2h", "!redis mset a 1 b 2", "!every list"} {
		if reply := h.does(line); reply.Outcome != commands.Unreachable || !strings.Contains(reply.Problem, "Redis") {
			t.Errorf("%s: %s %q %q", line, reply.Outcome, reply.Output, reply.Problem)
		}
	}
	h.succeeds("!config get redis.session_ttl", "43200")
	server.Restart()
	redistest.Eventually(t, "it is back", func(context.Context) bool { return h.says("!redis ping").Outcome == commands.OK })
	h.works(true)
	h.verifies("")
}
