package guard_test

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestHints(t *testing.T) {
	for _, c := range []struct {
		name, line, says string
		prepare          [][]any
	}{
		{"a doubled prefix", "ttl session:session:abc", "`session:abc…`", nil},
		{"a doubled prefix of a value", "get session:session:abc", "begins with `session:` twice", nil},
		{"a doubled pattern", "keys session:session:*", "`session:*` finds every session", nil},
		{"no key", "ttl nothing", "no such key", nil},
		{"no TTL", "ttl k", "never expires", [][]any{{"SET", "k", "v"}}},
		{"a TTL", "ttl k", "", [][]any{{"SETEX", "k", 10, "v"}}},
		{"no limit", "config get maxmemory", "no limit", nil},
		{"no limit in INFO", "info memory", "no limit", nil},
		{"an eviction policy", "config get maxmemory-policy", "ends any session", [][]any{{"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"}}},
		{"a good eviction policy", "config get maxmemory-policy", "", [][]any{{"CONFIG", "SET", "maxmemory-policy", "volatile-ttl"}}},
		{"own keys", "dbsize", "1 of them is Helix's own", [][]any{{"SET", "k", "v"}, {"HSET", "{helix}:config", "a", "b"}}},
		{"no own keys", "dbsize", "", [][]any{{"SET", "k", "v"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachAlone(t, func(t *testing.T, b *bench) {
				for _, args := range c.prepare {
					b.must(t, args...)
				}
				if r := b.do(t, everyone, strings.Fields(c.line)...); r.err != nil {
					t.Fatal(r.err)
				}
				hints := strings.Join(b.hints, "\n")
				if c.says == "" && hints != "" || !strings.Contains(hints, c.says) {
					t.Errorf("the hints are %q, want %q", hints, c.says)
				}
			})
		})
	}
}

func TestSecretsOfTheConfigurationAreHidden(t *testing.T) {
	server := redistest.Standalone(t, "--masterauth", "hunter2", "--masteruser", "hunter3")
	b := newBench(t, server.URL())
	for _, line := range []string{"config get *", "config get masterauth", "config get MASTER*", "--json config get *", "-3 config get masterauth masteruser"} {
		r := b.do(t, everyone, strings.Fields(line)...)
		if r.err != nil || strings.Contains(r.stdout, "hunter") || !strings.Contains(r.stdout, "(hidden)") {
			t.Errorf("%s: %v, %.200q", line, r.err, r.stdout)
		}
	}
	if r := b.do(t, everyone, "config", "get", "requirepass"); strings.Contains(r.stdout, "hidden") {
		t.Errorf("a password that is not set is hidden: %q", r.stdout)
	}
}
