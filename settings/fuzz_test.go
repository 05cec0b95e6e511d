package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fuzzSecret stands where a fault must not show it.
const fuzzSecret = "hunter2-in-a-setting"

// FuzzFile holds that a configuration file, whatever it holds, is read or refused,
// and that a refusal does not show a secret of it.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"redis:\n  session_ttl: 1d\n", "redis: {session_ttl: [1]}", "discord: {token: hunter2-in-a-setting, guilds: [1, 2]}",
		"permissions:\n  roles:\n    oncall: {discord: [\"1\"], allow: [read]}\n", "actions: {a: {line: x, url: y, body: {a: [1, {}]}}}",
		"redis.url: redis://:hunter2-in-a-setting@h", "a: &a [*a]", "a: !!binary x", "? [a]\n: b", "redis: {session_ttl: 1, SESSION_TTL: 2}", "\x00", "- a", "log: {level: loud}",
		"discord:\n  tokn: hunter2-in-a-setting\n",
	} {
		f.Add(seed)
	}
	file := filepath.Join(f.TempDir(), "config.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		base, err := Load(Options{File: file})
		secret := strings.Contains(text, "token: "+fuzzSecret) || strings.Contains(text, "url: redis://:"+fuzzSecret)
		if err != nil && secret && strings.Contains(err.Error(), fuzzSecret) {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && base.Snapshot().Duration(SessionTTL) < time.Second {
			t.Errorf("%q sets a session_ttl of %v", text, base.Snapshot().Duration(SessionTTL))
		}
	})
}

// FuzzEnvironment holds that a variable is taken as it stands, and that what is
// wrong with a secret's does not show it.
func FuzzEnvironment(f *testing.F) {
	f.Add("HELIX_REDIS_SESSION_TTL", "1d")
	f.Add("DISCORD_TOKEN", "x y")
	f.Add("DISCORD_TOKEN_FILE", "/nowhere/at/all")
	f.Add("HELIX_CONFG", "=")
	f.Fuzz(func(t *testing.T, name, value string) {
		if strings.ContainsAny(name, "=\x00") || strings.HasSuffix(name, "_FILE") && value != "/nowhere/at/all" {
			return
		}
		e := newEnvironment([]string{name + "=" + value, "HELIX_API_KEYS=" + fuzzSecret, "HELIX_API_KEYS_FILE=/x"})
		all, err := e.assignments()
		if err == nil || strings.Contains(err.Error(), fuzzSecret) {
			t.Errorf("a secret that is set twice: %v", err)
		}
		for _, a := range all {
			if a.text != value {
				t.Errorf("%s=%q is read as %q", name, value, a.text)
			}
		}
		for _, warning := range e.warnings() {
			if value != "" && len(value) > len(name)+60 && strings.Contains(warning, value) {
				t.Errorf("a warning shows a value: %s", warning)
			}
		}
	})
}

// FuzzHistory holds that no entry in Redis, whoever wrote it, stops the reader,
// and that one of ours comes back as it was.
func FuzzHistory(f *testing.F) {
	f.Add(`{"schema":1,"revision":3,"at":1700000000000,"changes":[{"key":"redis.session_ttl"}],"overrides":{}}`)
	f.Add(`{"schema":9,"revision":3,"overrides":{}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := decodeEntry(text)
		if !ok {
			return
		}
		tail, err := e.encode()
		if err != nil {
			t.Fatal(err)
		}
		if again, ok := decodeEntry("{" + tail); !ok || again.Revision != e.Revision || len(again.Overrides) != len(e.Overrides) {
			t.Errorf("%q comes back as %+v", text, again)
		}
	})
}
