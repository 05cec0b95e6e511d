package main

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/settings"
)

func testConcealer(t *testing.T, environ ...string) concealer {
	t.Helper()
	base, err := settings.Load(settings.Options{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	return newConcealer(base.Snapshot())
}

func TestTypedSecretsAreConcealed(t *testing.T) {
	c := testConcealer(t)
	for _, line := range []string{
		"!redis auth hunter2",
		"!redis AUTH default hunter2",
		"!redis auth 'hun ter2' | wc",
		"!redis hello 3 auth bob hunter2 setname x",
		"!redis-cli -a hunter2 ping",
		"!redis -n 1 --pass=hunter2 ping",
		"!config set discord.token=hunter2",
		"!config set audit.key hunter2 redis.session_ttl=5",
		"!config set audit.key='a hunter2' x",
		"!config import\n```\nredis.session_ttl=1\ndiscord.token=hunter2\n```",
		"!redis config set requirepass hunter2",
		"!redis config set masterauth \"hunter2\"",
		"!redis acl setuser bob on >hunter2 '>a hunter2' ~*",
		"!echo redis://bob:hunter2@host:6379/0",
		"!redis set k '{\"password\": \"hunter2\"}'",
		"!redis set k token:hunter2",
	} {
		got := c.conceal(line)
		if strings.Contains(got, "hunter2") || strings.Contains(got, "ter2") || !strings.Contains(got, redact.Mask) {
			t.Errorf("%s\nbecame %s", line, got)
		}
	}
}

func TestOurOwnSecretsAreConcealed(t *testing.T) {
	c := testConcealer(t, "DISCORD_TOKEN=MTk.abc.def", "REDIS_URL=redis://u:pass-word@h:1", "HELIX_AUDIT_KEY=key of the audit")
	got := c.conceal("!echo MTk.abc.def pass-word key of the audit redis://u:pass-word@h:1")
	if got != "!echo ••• ••• ••• •••" {
		t.Errorf("%q", got)
	}
}

func TestHarmlessLinesStay(t *testing.T) {
	c := testConcealer(t)
	for _, line := range []string{
		"!redis keys session:* | wc -l",
		"!config set redis.session_ttl=86400 redis.session_cleanup=true",
		"!config get discord.token",
		"!redis get k | grep -a token",
		"!echo a | sort -k 2",
	} {
		if got := c.conceal(line); got != line {
			t.Errorf("%s\nbecame %s", line, got)
		}
	}
}
