package main

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// What is set from chat counts, and looking at it writes nothing.
func TestCheckOfTheSessions(t *testing.T) {
	server := redistest.Any(t)
	checked := func(env ...string) string {
		t.Helper()
		got := runHelixIn(t, t.TempDir(), append(env, "REDIS_URL="+server.URL()), "", "check")
		return strings.Join(strings.Fields(got.stdout), " ")
	}
	wants := func(output string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(output, part) {
				t.Errorf("%s\nwant …%s…", output, part)
			}
		}
	}
	wants(checked(), "warning Foreign sessions redis.session_compat is on", "ok Session key sessions.key is not set: whoever can write to Redis")
	if n := server.Client().DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("the check left %d keys", n)
	}
	if got := runHelix(t, "", "exec", "--redis", server.URL(), "--yes", "!config set redis.session_compat=false"); got.status != exitOK {
		t.Fatalf("%+v", got)
	}
	err := redistest.OnMasters(t.Context(), server.Client(), func(ctx context.Context, c *redis.Client) error {
		return c.ConfigSet(ctx, "maxmemory-policy", "allkeys-lru").Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	wants(checked("HELIX_API_KEYS=shop:"+serviceSecret+":all"), "ok Foreign sessions Refused", "warning Session key sessions.key is not set", "it ends all sessions made without it",
		"warning Redis eviction policy allkeys-lru: when memory is full, Redis deletes any key, live sessions")
	secret := "a key of sessions that nobody knows"
	keyed := checked("HELIX_SESSIONS_KEY=" + secret)
	wants(keyed, "ok Session key sessions.key is set")
	if strings.Contains(keyed, secret) {
		t.Error("the key is shown")
	}
}
