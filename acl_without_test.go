package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/internal/redistest"
)

// without answers the rules of a user who lacks features, and commands that
// others need as well.
func without(features []acl.Name, commands ...string) []string {
	needs := acl.Needs{Features: slices.DeleteFunc(acl.All(), func(n acl.Name) bool { return slices.Contains(features, n) })}
	var rules []string
	for _, rule := range needs.Rules() {
		for _, command := range commands {
			rule = strings.ReplaceAll(rule+" ", "+"+command+" ", "")
			rule = strings.TrimSpace(strings.ReplaceAll(rule, " +"+command+")", ")"))
		}
		if rule != "" {
			rules = append(rules, rule)
		}
	}
	return rules
}

// Whoever asks for what the user of Redis may not do is told what is missing and
// who can mend it; the rest goes on.
func TestAFeatureThatIsLeftOutSaysSo(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rules  []string
		denied string // a line, and what it says
		says   []string
		goesOn []string
	}{
		{"config", without([]acl.Name{acl.Config}), "!redis config set maxmemory 1gb", []string{"`+config|set`", "feature `config`"},
			[]string{"!redis config get maxmemory", "!redis set x 2", "!status"}},
		{"CONFIG GET", without([]acl.Name{acl.Config}, "config|get"), "!redis config get maxmemory", []string{"`+config|get`"},
			[]string{"!redis info memory", "!redis set x 2", "!status", "!alerts"}},
		{"monitor", without([]acl.Name{acl.Monitor}), "!redis monitor --for 1s", []string{"`+monitor`", "feature `monitor`"}, []string{"!redis get x"}},
		{"subscribe", without([]acl.Name{acl.Subscribe}), "!redis subscribe news --for 1s", []string{"channel"}, []string{"!redis get x"}},
		{"flush", without([]acl.Name{acl.Flush}), "!redis flushdb", []string{"`+flushdb`", "feature `flush`"}, []string{"!redis --scan --pattern 'k*' | xargs redis-cli del"}},
		{"undo", without([]acl.Name{acl.Undo}), "!redis set x 3\n!undo", []string{"`+restore`", "feature `undo`"}, []string{"!redis set x 4", "!redis hset h f v", "!redis hset h f w", "!redis del h"}},
		{"write", without([]acl.Name{acl.Write, acl.Undo, acl.Flush}), "!redis sadd x 3", []string{"`+sadd`"}, []string{"!redis get x", "!config set redis.session_ttl=7200"}},
		{"read", without([]acl.Name{acl.Read}), "!redis hscan x 0", []string{"may not do that with that key", "`helix check --acl`"}, []string{"!sessions"}},
		{"admin", without([]acl.Name{acl.Admin}), "!redis slowlog reset", []string{"`+slowlog|reset`", "feature `admin`"}, []string{"!redis slowlog len"}},
		{"MEMORY USAGE", without(nil, "memory|usage"), "!redis debug sleep 1", []string{"is refused"}, []string{"!redis set x 2", "!sessions top size"}},
		{"scripts", without(nil, "eval", "evalsha"), "!config set redis.session_ttl=7200", []string{"lacks"}, []string{"!redis get x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := redistest.Restricted(t, tt.rules)
			makeSessions(t, server.Client(), 2, time.Hour)
			server.Client().MSet(t.Context(), "x", 1, "k1", 1, "k2", 1)
			dir := t.TempDir()
			env := []string{"HELIX_STATE_DIR=" + dir}
			exec := func(lines ...string) ran {
				return runHelixIn(t, dir, env, "", append([]string{"exec", "--redis", server.URL(), "--yes"}, lines...)...)
			}
			got := exec(strings.Split(tt.denied, "\n")...)
			for _, says := range tt.says {
				if got.status == exitOK || !strings.Contains(got.stderr, says) {
					t.Errorf("%s: status %d, …%s… is not in: %s%s", tt.denied, got.status, says, got.stderr, got.stdout)
				}
			}
			if got := exec(tt.goesOn...); got.status != exitOK {
				t.Errorf("%q: %+v", tt.goesOn, got)
			}
		})
	}
}
