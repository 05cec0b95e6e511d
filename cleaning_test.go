package main

import (
	"context"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
)

// The switch and the interval of cleanup are changed as people change them, and
// the running program goes by them.
func TestCleanupGoesByTheLiveSettings(t *testing.T) {
	server := redistest.Any(t)
	base, err := settings.Load(settings.Options{Flags: map[string]string{"redis.url": server.URL(), "redis.session_cleanup": "false", "state.dir": t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), base, zap.NewNop(), false, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.close() })
	ctx, cancel := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	beside.Go(func() { a.cleanSessions(ctx) })
	defer beside.Wait()
	defer cancel()

	client := server.Client()
	endless := func(key string) {
		t.Helper()
		if err := client.Set(ctx, key, `{"user_id":null}`, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	isGiven := func(key string) func(context.Context) bool {
		return func(ctx context.Context) bool { return client.TTL(ctx, key).Val() > 0 }
	}
	say := func(text string) {
		t.Helper()
		reply := a.dispatcher.Handle(ctx, commands.Request{Text: text, Caller: permissions.Member{Name: "local", Local: true}})
		if reply.Outcome != commands.OK {
			t.Fatalf("%s: %s %s", text, reply.Outcome, reply.Problem)
		}
	}
	endless("session:" + strings.Repeat("a", 32))
	if reports, err := a.sessions.Reports(ctx, 1); len(reports) > 0 || err != nil {
		t.Errorf("switched off, it cleaned up: %+v, %v", reports, err)
	}
	say("!config set redis.session_cleanup=true")
	redistest.Eventually(t, "a first cleanup", isGiven("session:"+strings.Repeat("a", 32)))
	endless("session:" + strings.Repeat("b", 32))
	say("!config set redis.session_cleanup_interval=1")
	redistest.Eventually(t, "a cleanup by the new interval", isGiven("session:"+strings.Repeat("b", 32)))
}
