package check

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/internal/redistest"
)

func TestGuideFindings(t *testing.T) {
	healthy := fields{"save": "900 1", "appendonly": "yes", "appendfsync": "everysec", "maxmemory": "2147483648", "maxmemory-policy": "noeviction", "notify-keyspace-events": "En"}
	with := func(base fields, name, value string) fields {
		out := fields{name: value}
		for k, v := range base {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	fresh := fields{"used_memory": "1048576"}
	for _, tt := range []struct {
		name  string
		got   Finding
		level Level
		says  string
	}{
		{"AOF", persistence(fresh, healthy), OK, "about a second"},
		{"RDB only", persistence(fresh, with(healthy, "appendonly", "no")), OK, "since the last snapshot"},
		{"Redis's own snapshots", persistence(fresh, fields{"save": "3600 1 300 100 60 10000"}), Warning, "one in 3600 s"},
		{"the guide's snapshots", persistence(fresh, fields{"save": "900 1 300 10 60 10000"}), OK, "since the last snapshot"},
		{"AOF at every change", persistence(fresh, with(healthy, "appendfsync", "always")), OK, "loses nothing"},
		{"AOF at leisure", persistence(fresh, with(healthy, "appendfsync", "no")), Warning, "half a minute"},
		{"no persistence", persistence(fresh, fields{"appendonly": "no"}), Warning, "logs everyone out"},
		{"failed snapshot", persistence(with(fresh, "rdb_last_bgsave_status", "err"), healthy), Warning, "failed"},
		{"failed AOF", persistence(with(fresh, "aof_last_write_status", "err"), healthy), Warning, "AOF failed"},
		{"a limit with room", memory(fresh, healthy), OK, "1.0 MiB of 2.0 GiB used, 0 %"},
		{"no limit", memory(fresh, with(healthy, "maxmemory", "0")), Warning, "no limit"},
		{"nearly full", memory(fields{"used_memory": "1800000000"}, healthy), Warning, "83 %"},
		{"noeviction", eviction(healthy), OK, "nobody is logged out"},
		{"allkeys", eviction(with(healthy, "maxmemory-policy", "allkeys-lru")), Warning, "deletes any key"},
		{"volatile", eviction(with(healthy, "maxmemory-policy", "volatile-ttl")), Warning, "every healthy session has one"},
		{"events on", notifications(healthy), OK, "exactly"},
		{"events off", notifications(fields{}), OK, "from differences"},
		{"old", version(fields{"redis_version": "6.0.16"}, false), Warning, "6.0.16"},
		{"new", version(fields{"redis_version": "7.0.15"}, true), OK, "7.0.15"},
		{"Valkey", version(fields{"redis_version": "7.2.4", "valkey_version": "8.0.1"}, true), OK, "Valkey 8.0.1"},
		{"replica", role(fields{"role": "slave"}, false), Fatal, "replica"},
		{"master", role(fields{"role": "master", "connected_slaves": "2"}, false), OK, "2 replicas"},
		{"Sentinel", role(fields{"redis_mode": "sentinel"}, false), Fatal, "keeps no sessions"},
		{"one of a Cluster", role(fields{"redis_mode": "cluster", "role": "master"}, false), Fatal, "other masters"},
		{"a member of a Cluster", role(fields{"redis_mode": "cluster", "role": "master", "connected_slaves": "1"}, true), OK, "1 replica."},
	} {
		if tt.got.Level != tt.level || !strings.Contains(tt.got.Detail, tt.says) {
			t.Errorf("%s: %s: %s; want %s: …%s…", tt.name, tt.got.Level, tt.got.Detail, tt.level, tt.says)
		}
		if tt.got.Level != OK && tt.got.Mend == "" {
			t.Errorf("%s: no mend", tt.name)
		}
	}
}

func TestOutOfReachIsTheOnlyFinding(t *testing.T) {
	m := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	defer client.Close()
	m.Close()
	got := Redis(context.Background(), client, "redis://example:6379", own)
	if len(got) != 1 || got[0].Level != Fatal || !strings.Contains(got[0].Detail, "redis://example:6379 does not answer") {
		t.Errorf("%+v", got)
	}
}

func TestAWrongPasswordIsSaid(t *testing.T) {
	m := miniredis.RunT(t)
	m.RequireAuth("right")
	client := redis.NewClient(&redis.Options{Addr: m.Addr(), Password: "hunter2"})
	defer client.Close()
	got := Redis(context.Background(), client, "redis://example:6379", own)
	if len(got) != 1 || got[0].Level != Fatal || !strings.Contains(got[0].Detail, "refuses the user or password") {
		t.Errorf("%+v", got)
	}
	if strings.Contains(got[0].Detail+got[0].Mend, "hunter2") {
		t.Error("the password is shown")
	}
}

func TestALoadingServerIsNotOutOfReach(t *testing.T) {
	m := miniredis.RunT(t)
	m.SetError("LOADING Redis is loading the dataset in memory")
	client := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	defer client.Close()
	got := Redis(context.Background(), client, "redis://example:6379", own)
	if len(got) != 1 || got[0].Level != Warning || !strings.Contains(got[0].Detail, "still loading") {
		t.Errorf("%+v", got)
	}
}

// own is everything that Helix can be asked for outside a Cluster.
var own = Own{Needs: acl.Needs{Features: slices.DeleteFunc(acl.All(), func(n acl.Name) bool { return n == acl.Cluster })}}

func TestEveryMasterOfAClusterIsLookedAt(t *testing.T) {
	servers := redistest.Cluster(t)
	odd := servers.Masters[1]
	if err := odd.Client().ConfigSet(context.Background(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	var policies []string
	for _, f := range Redis(context.Background(), servers.Client(), servers.URL(), own) {
		if f.Level == Fatal {
			t.Errorf("%+v", f)
		}
		if f.Name == "Redis eviction policy" {
			policies = append(policies, f.Detail)
		}
	}
	if all := strings.Join(policies, "\n"); len(policies) != 2 || !strings.Contains(all, odd.Addr+": allkeys-lru") {
		t.Errorf("%q", policies)
	}
}

func TestPrint(t *testing.T) {
	var b strings.Builder
	err := Print(&b, []Finding{
		{"Redis", OK, "answers.", ""},
		{"Redis maxmemory", Warning, strings.Repeat("many words ", 12), "Raise it."},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `ok       Redis            answers.
warning  Redis maxmemory  many words many words many words many words many words many words many words
                          many words many words many words many words many words
                          → Raise it.
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}
