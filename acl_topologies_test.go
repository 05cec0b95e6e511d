package main

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/internal/redistest"
)

// everywhere are lines that read, change, take back and look around.
var everywhere = []string{
	"!redis mset a 1 b 2 c 3", "!redis keys '*' | sort", "!redis --scan --pattern '[abc]' | xargs redis-cli expire 60 || true", "!redis del a b c",
	"!undo", "!redis mget a b c", "!config set redis.session_ttl=7200", "!sessions", "!status", "!redis config set maxmemory 1gb",
	"!redis cluster info || true", "!redis flushdb", "!audit verify",
}

func converseEverywhere(t *testing.T, url string) {
	t.Helper()
	dir := t.TempDir()
	env := []string{"HELIX_STATE_DIR=" + dir}
	if got := runHelixIn(t, dir, env, "", append([]string{"exec", "--redis", url, "--yes"}, everywhere...)...); got.status != exitOK {
		t.Errorf("%+v", got)
	}
	checked := runHelixIn(t, dir, env, "", "check", "--redis", url)
	if !strings.Contains(checked.stdout, "Everything that is in use is allowed") {
		t.Errorf("check: %s", checked.stdout)
	}
}

func TestTheGeneratedUserOnACluster(t *testing.T) {
	t.Setenv(redistest.Rules, redistest.AllRules)
	converseEverywhere(t, redistest.Cluster(t).URL())
}

// Behind Sentinels there are two users: one on the servers and one on the
// Sentinels, who cannot order a failover.
func TestTheGeneratedUserBehindSentinels(t *testing.T) {
	t.Setenv(redistest.Rules, redistest.AllRules)
	s := redistest.Sentinel(t)
	converseEverywhere(t, s.URL())
	words := []any{}
	for word := range strings.FieldsSeq(acl.Needs{Features: []acl.Name{acl.Sentinel}}.SetUser("watcher", ">pass")) {
		words = append(words, word)
	}
	for _, one := range s.Sentinels {
		if err := one.Client().Do(t.Context(), words...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: redistest.MasterName, SentinelAddrs: s.Addrs(),
		SentinelUsername: "watcher", SentinelPassword: "pass", Username: redistest.User, Password: redistest.Password, DisableIdentity: true})
	defer client.Close()
	if err := client.Set(t.Context(), "x", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	for _, one := range s.Sentinels {
		for _, refused := range one.Refusals("watcher") {
			t.Errorf("a Sentinel refused: %s", refused)
		}
	}
	watcher := redis.NewSentinelClient(&redis.Options{Addr: s.Addrs()[0], Username: "watcher", Password: "pass", DisableIdentity: true})
	defer watcher.Close()
	if err := watcher.Failover(t.Context(), redistest.MasterName).Err(); err == nil || !acl.Refused(err.Error()) {
		t.Errorf("the Sentinels' user may order a failover: %v", err)
	}
}
