package main

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

const (
	secretKey   = "session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab"
	secretValue = `{"user_id":"ann","token":"hunter2","note":"acme-12,3"}`
)

func TestExecRedactsWhereAsked(t *testing.T) {
	server := redistest.Any(t)
	if err := server.Client().Set(t.Context(), secretKey, secretValue, 0).Err(); err != nil {
		t.Fatal(err)
	}
	config := writeFile(t, t.TempDir(), "config.yaml", "redact:\n  fields: [\"User Id\"]\n  patterns: [\"acme-[0-9]{1,2},[0-9]\"]\n")
	for _, c := range []struct{ name, flag, line, want string }{
		{"whole", "--redact=false", "!redis keys session:*; redis get " + secretKey, secretKey + "\n" + secretValue + "\n"},
		{"redacted", "--redact", "!redis keys session:* | cat; redis get " + secretKey, "session:3f2a9c01…\n" + `{"user_id":"•••","token":"•••","note":"•••"}` + "\n"},
		{"a record", "--redact", "!redis keys session:* | xargs redis strlen; redis strlen session:3f2a9c01…", "54\n54\n"},
	} {
		got := runHelix(t, "", "exec", "--redis", server.URL(), "--config", config, c.flag, c.line)
		if got.stdout != c.want || got.status != 0 {
			t.Errorf("%s: got %q, status %d, %s", c.name, got.stdout, got.status, got.stderr)
		}
	}
	got := runHelix(t, "", "exec", "--redis", server.URL(), "--redact", "--json", "!redis keys session:*")
	if !strings.Contains(got.stdout, `"output":"session:3f2a9c01…\n"`) {
		t.Errorf("--json answers %s", got.stdout)
	}
}

func TestPatternsAreCheckedAtLoad(t *testing.T) {
	for pattern, want := range map[string]string{"(": "expected a regular expression (RE2)", "x*": "does not match the empty text"} {
		got := runHelixIn(t, t.TempDir(), []string{"HELIX_REDACT_PATTERNS=" + pattern}, "", "exec", "--demo", "!echo a")
		if got.status == 0 || !strings.Contains(got.stderr, want) || !strings.Contains(got.stderr, "redact.patterns") {
			t.Errorf("%q: status %d, %s", pattern, got.status, got.stderr)
		}
	}
}

func TestDiscordIsRedacted(t *testing.T) {
	server := redistest.Any(t)
	if err := server.Client().Set(t.Context(), secretKey, secretValue, 0).Err(); err != nil {
		t.Fatal(err)
	}
	acme := newPlace(t)
	concealing := acme.launch(t, "REDIS_URL="+server.URL())
	acme.discord.Gateway().AwaitReady(1)
	ann := acme.As("ann")
	hidden := func(said string, sees ...string) {
		t.Helper()
		if answer := ann.Says("#ops", said).Sees(sees...); strings.Contains(answer.Content, "77aa") || strings.Contains(answer.Content, "hunter2") {
			t.Errorf("%s is answered\n%s", said, answer.Content)
		}
	}
	hidden("!redis keys session:*", "session:3f2a9c01…\n")
	hidden("!redis get session:3f2a9c01…", `"token":"•••"`)
	hidden("!redis get session:3f2a9c01… | sed 's/./& /g'", "t o k e n")
	hidden("!redis keys session:* | xargs redis ttl", "-1")
	hidden("!redis keys session:* | xargs redis del", "need **destroy**")

	shown := ann.Says("#ops", "!redis get session:3f2a9c01…").Sees(`"token":"•••"`)
	if whole := acme.As("olga").Clicks(shown, "Reveal").Sees(`"token":"hunter2"`); !whole.Ephemeral {
		t.Error("everybody sees what is revealed")
	}
	if refusal := ann.Clicks(shown, "Reveal").Sees("need **reveal**"); !refusal.Ephemeral {
		t.Error("everybody sees who may not reveal")
	}

	concealing.stop(t)
	open := newPlace(t)
	open.launch(t, "REDIS_URL="+server.URL(), "HELIX_REDACT_DISCORD=false")
	open.discord.Gateway().AwaitReady(1)
	open.As("ann").Says("#ops", "!redis keys session:*").Sees(secretKey)
}
