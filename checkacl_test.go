package main

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/acl"
)

// The user that is printed has what the roles' rights make use of, on the
// patterns that those name, and no secret.
func TestTheUserOfAConfiguration(t *testing.T) {
	const roles = "permissions:\n  roles:\n    support:\n      discord: [\"100000000000000001\"]\n      allow: [\"read session:*\", \"destroy session:user:*\", \"configure redis.session_*\"]\n"
	for _, tt := range []struct {
		name   string
		config string
		args   []string
		has    []string
		not    []string
	}{
		{"without roles", "", nil, []string{"ACL SETUSER helix reset on " + acl.NoPassword, "(%R~* +@read", "(~* +@write", "+flushdb", "+monitor"}, []string{"+asking"}},
		{"narrow roles", roles, nil, []string{"(%R~session:* +@read", "(~{helix}:* ~helix:* ~session:user:* +@write", "+restore"}, []string{"~*", "+monitor", "+config|set", "+flushdb"}},
		{"before 7", roles, []string{"--for", "6.2"}, []string{"~session:*", "+@read"}, []string{"(", "%R~", "sort_ro"}},
		{"features", roles, []string{"--acl=read", "subscribe"}, []string{"+@read", "+psubscribe"}, []string{"+@write"}},
		{"features behind a blank", "", []string{"read,write"}, []string{"+@read", "+@write"}, []string{"+monitor"}},
		{"a file", "", []string{"--as", "file", "--user", "bot"}, []string{"user bot on " + acl.NoPassword}, []string{"reset on", "SETUSER"}},
		{"Sentinels", "", []string{"--on=sentinel"}, []string{"+sentinel|get-master-addr-by-name"}, []string{"+set ", "~"}},
		{"a Cluster", "redis:\n  url: redis+cluster://ops:hunter2@a:1,b:2\n", nil, []string{"SETUSER ops ", "+asking", "+cluster|slots"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "config.yaml", tt.config)
			got := runHelixIn(t, dir, nil, "", append([]string{"check", "--acl"}, tt.args...)...)
			if got.status != exitOK || strings.Count(got.stdout, "\n") != 1 {
				t.Fatalf("%+v", got)
			}
			for _, has := range tt.has {
				if !strings.Contains(got.stdout, has) {
					t.Errorf("it lacks %q: %s", has, got.stdout)
				}
			}
			for _, not := range append(tt.not, "hunter2") {
				if strings.Contains(got.stdout, not) {
					t.Errorf("it has %q: %s", not, got.stdout)
				}
			}
			if !strings.Contains(got.stderr, "sha256sum") || strings.Contains(got.stderr, "hunter2") {
				t.Errorf("the notes: %s", got.stderr)
			}
		})
	}
	for _, args := range [][]string{{"--acl=raed"}, {"--as", "file"}, {"--acl", "--as", "nothing"}, {"--acl", "--for", "5"}, {"--acl", "--user", "a b"}, {"--acl", "--on", "mars"}, {"stray"}} {
		if got := runHelixIn(t, t.TempDir(), nil, "", append([]string{"check"}, args...)...); got.status != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
