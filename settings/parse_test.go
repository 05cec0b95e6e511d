package settings_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/helix-collective/helix/settings"
)

func TestParseReadsWhatPeopleWrite(t *testing.T) {
	tests := []struct{ key, text, want, human string }{
		{"redis.session_ttl", "86400", "86400", "1d"},
		{"redis.session_ttl", "24h", "86400", "1d"},
		{"redis.session_ttl", "1d", "86400", "1d"},
		{"redis.session_ttl", "1D", "86400", "1d"},
		{"redis.session_ttl", "1d12h", "129600", "1d12h"},
		{"redis.session_ttl", "1d 12h", "129600", "1d12h"},
		{"redis.session_ttl", "36 hours", "129600", "1d12h"},
		{"redis.session_ttl", "5m", "300", "5m"},
		{"redis.session_ttl", "5 minutes", "300", "5m"},
		{"redis.session_ttl", "1h30m15s", "5415", "1h30m15s"},
		{"redis.session_ttl", "2w", "1209600", "14d"},
		{"redis.session_ttl", " 10,000 ", "10000", "2h46m40s"},
		{"alerts.hold", "0", "0", "0s"},

		{"shell.max_output", "1048576", "1048576", "1mb"},
		{"shell.max_output", "2gb", "2147483648", "2gb"},
		{"shell.max_output", "512mb", "536870912", "512mb"},
		{"shell.max_output", "512 MB", "536870912", "512mb"},
		{"shell.max_output", "512MiB", "536870912", "512mb"},
		{"shell.max_output", "64kb", "65536", "64kb"},
		{"shell.max_output", "64KiB", "65536", "64kb"},
		{"shell.max_output", "64k", "64000", "64000"},
		{"shell.max_output", "3m", "3000000", "3000000"},
		{"shell.max_output", "1g", "1000000000", "1000000000"},
		{"shell.max_output", "2048b", "2048", "2kb"},

		{"redis.session_cleanup", "true", "true", "true"},
		{"redis.session_cleanup", "Yes", "true", "true"},
		{"redis.session_cleanup", "ON", "true", "true"},
		{"redis.session_cleanup", "1", "true", "true"},
		{"redis.session_cleanup", "false", "false", "false"},
		{"redis.session_cleanup", "no", "false", "false"},
		{"redis.session_cleanup", "off", "false", "false"},
		{"redis.session_cleanup", "0", "false", "false"},
		{"redis.session_cleanup", "Enabled", "true", "true"},
		{"redis.session_cleanup", "y", "true", "true"},
		{"redis.session_cleanup", "disable", "false", "false"},
		{"redis.session_cleanup", "F", "false", "false"},

		{"alerts.memory_percent", "80", "80", "80%"},
		{"alerts.memory_percent", "80%", "80", "80%"},
		{"alerts.memory_percent", "80 %", "80", "80%"},
		{"alerts.session_count", "10_000", "10000", "10000"},
		{"alerts.session_count", "10,000", "10000", "10000"},
		{"redis.max_sessions_per_user", "5", "5", "5"},

		{"redis.max_sessions_action", "Deny", "deny", "deny"},
		{"discord.prefix", "?", "?", "?"},
		{"sessions.cookie_name", "helix_sid", "helix_sid", "helix_sid"},
		{"api.listen", ":8700", ":8700", ":8700"},
		{"api.listen", "[::1]:0", "[::1]:0", "[::1]:0"},
		{"api.hosts", "sessions.internal, ::1", "sessions.internal,::1", "sessions.internal,::1"},
		{"api.trusted_proxies", "10.0.0.0/8,127.0.0.1", "10.0.0.0/8,127.0.0.1", "10.0.0.0/8,127.0.0.1"},
		{"discord.ops_channel", "", "", ""},
		{"discord.guilds", "1, 2,,3", "1,2,3", "1,2,3"},
		{"discord.guilds", `["1", '2']`, "1,2", "1,2"},
		{"discord.guilds", "", "", ""},
		{"discord.api_url", "http://127.0.0.1:8080/api/v10", "http://127.0.0.1:8080/api/v10", "http://127.0.0.1:8080/api/v10"},
	}
	for _, tt := range tests {
		v, err := row(t, tt.key).Parse(tt.text)
		if err != nil {
			t.Errorf("%s=%q: %v", tt.key, tt.text, err)
			continue
		}
		if v.String() != tt.want || v.Human() != tt.human {
			t.Errorf("%s=%q is %q, %q; want %q, %q", tt.key, tt.text, v, v.Human(), tt.want, tt.human)
		}
	}
}

func TestParseSaysWhatItExpects(t *testing.T) {
	const duration = "expected a duration, as in 86400 (seconds), 24h, 5m or 1d12h"
	tests := []struct{ key, text, reason string }{
		{"redis.session_ttl", "abc", duration},
		{"redis.session_ttl", "", duration},
		{"redis.session_ttl", "h", duration},
		{"redis.session_ttl", "1y", duration},
		{"redis.session_ttl", "1h2", duration},
		{"redis.session_ttl", "1h-", duration},
		{"redis.session_ttl", "1,0,0", duration},
		{"redis.session_ttl", "1.5h", "expected whole seconds"},
		{"redis.session_ttl", "500ms", "expected whole seconds"},
		{"redis.session_ttl", "0", "expected from 1s to 365d"},
		{"redis.session_ttl", "-5", "expected from 1s to 365d"},
		{"redis.session_ttl", "-1d", "expected from 1s to 365d"},
		{"redis.session_ttl", "366d", "expected from 1s to 365d"},
		{"redis.session_ttl", "99999999999999999999", "expected from 1s to 365d"},
		{"redis.session_ttl", "9999999999999999w", "expected from 1s to 365d"},
		{"redis.session_ttl", strings.Repeat("9000000000000000000s", 3), "expected from 1s to 365d"},

		{"shell.max_output", "big", "expected a size, as in 2gb, 512mb or 1048576"},
		{"shell.max_output", "2tb", "expected a size, as in 2gb, 512mb or 1048576"},
		{"shell.max_output", "1.5gb", "expected a size, as in 2gb, 512mb or 1048576"},
		{"shell.max_output", "9223372036854775807gb", "expected from 1kb to 4gb"},
		{"shell.max_output", "1", "expected from 1kb to 4gb"},

		{"redis.session_cleanup", "maybe", "expected true or false"},
		{"redis.session_cleanup", "", "expected true or false"},
		{"alerts.memory_percent", "101", "expected from 1% to 100%"},
		{"alerts.memory_percent", "%", "expected a percentage, as in 80 or 80%"},
		{"redis.max_sessions_per_user", "five", "expected a whole number"},
		{"redis.max_sessions_per_user", "5.5", "expected a whole number"},
		{"redis.max_sessions_per_user", "0", "expected from 1 to 10000 sessions"},
		{"redis.max_sessions_action", "explode", "expected evict-oldest or deny"},
		{"redis.session_cookie_samesite", "", "expected strict, lax or none"},

		{"discord.prefix", "", "expected 1 to 8 characters without spaces"},
		{"sessions.cookie_name", "__Host-session", "expected 1 to 64 letters, digits, - and _, not beginning with __"},
		{"sessions.cookie_name", "a;b", "expected 1 to 64 letters, digits, - and _, not beginning with __"},
		{"api.listen", "8700", "expected an address and a port, as in 127.0.0.1:8700"},
		{"api.listen", "localhost:http", "expected an address and a port, as in 127.0.0.1:8700"},
		{"api.hosts", "sessions.internal:8700", "expected the name or address of a host, without a port in place of `sessions.internal:8700`"},
		{"api.trusted_proxies", "0.0.0.0/0", "expected a network that does not hold every address in place of `0.0.0.0/0`"},
		{"discord.prefix", "a b", "expected 1 to 8 characters without spaces"},
		{"discord.shards", "0", "expected auto, or a number from 1 to 64"},
		{"discord.shards", "many", "expected auto, or a number from 1 to 64"},
		{"discord.roles", "oncall", "expected role:ID or role:user:ID, with a Discord id, digits only in place of `oncall`"},
		{"discord.roles", ":1", "expected role:ID or role:user:ID, with a Discord id, digits only in place of `:1`"},
		{"discord.roles", "oncall:1,oncall:user:x", "expected role:ID or role:user:ID, with a Discord id, digits only in place of `oncall:user:x`"},
		{"discord.ops_channel", "#ops", "expected a Discord id, digits only, as Copy ID gives it"},
		{"discord.guilds", "1,x", "expected a Discord id, digits only, as Copy ID gives it in place of `x`"},
		{"discord.api_url", "discord.com", "expected an address that begins with https:// or http:// and names a host"},
		{"discord.api_url", "https://user:pw@discord.com", "expected an address that begins with https:// or http:// and names a host"},
		{"state.dir", "a\nb", "expected a text without line breaks and control characters"},
		{"state.dir", "\xff", "expected text in UTF-8"},
		{"state.dir", strings.Repeat("x", 5000), "expected at most 4096 bytes"},
	}
	for _, tt := range tests {
		v, err := row(t, tt.key).Parse(tt.text)
		var refused *settings.ValueError
		if !errors.As(err, &refused) {
			t.Errorf("%s=%q: got %v, %v; want a ValueError", tt.key, tt.text, v, err)
			continue
		}
		if refused.Reason != tt.reason || refused.Key != tt.key {
			t.Errorf("%s=%q: %q; want %q", tt.key, tt.text, refused.Reason, tt.reason)
		}
	}
}

func TestAValueErrorReadsAsASentence(t *testing.T) {
	_, err := row(t, "redis.session_ttl").Parse("soon`\n" + strings.Repeat("x", 200))
	want := "`redis.session_ttl` cannot be `soon" + strings.Repeat("x", 76) + "…`: " +
		"expected a duration, as in 86400 (seconds), 24h, 5m or 1d12h."
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestLookupSuggests(t *testing.T) {
	tests := []struct{ key, want string }{
		{"redis.sesion_ttl", "`redis.sesion_ttl` is not a setting. Did you mean `redis.session_ttl`?"},
		{"redis.sessoin_ttl", "`redis.sessoin_ttl` is not a setting. Did you mean `redis.session_ttl`?"},
		{"session_ttl", "`session_ttl` is not a setting. Did you mean `redis.session_ttl`?"},
		{"sesion_ttl", "`sesion_ttl` is not a setting. Did you mean `redis.session_ttl`?"},
		{"redis_session_ttl", "`redis_session_ttl` is not a setting. Did you mean `redis.session_ttl`?"},
		{"discord.tokn", "`discord.tokn` is not a setting. Did you mean `discord.token`?"},
		{"redis.max_sessions", "`redis.max_sessions` is not a setting. Did you mean `redis.max_sessions_per_user`, `redis.max_sessions_action` or `redis.max_sessions_per_ip_per_hour`?"},
		{"idle", "`idle` is not a setting. Did you mean `redis.session_idle_timeout` or `redis.keepalive_idle`?"},
		{"maxmemory", "`maxmemory` is not a setting."},
		{"", "`` is not a setting."},
		{strings.Repeat("redis.", 100), "`" + strings.Repeat("redis.", 100)[:80] + "…` is not a setting."},
	}
	for _, tt := range tests {
		_, err := settings.Lookup(tt.key)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q:\ngot  %v\nwant %s", tt.key, err, tt.want)
		}
	}
}

func TestLists(t *testing.T) {
	s := row(t, "redact.fields")
	for text, want := range map[string]string{
		"a, b":            "a,b",
		`["a", 'b']`:      "a,b",
		`'a,b', c`:        "'a,b',c",
		`" a"`:            "' a'",
		`'it''s'`:         "'it''s'",
		`[0-9]+,x`:        "'[0-9]+',x",
		`[]`:              "",
		`,,a,`:            "a",
		`"a" b, c`:        `'"a" b',c`,
		`"unclosed, then`: `'"unclosed',then`,
	} {
		v, err := s.Parse(text)
		if err != nil || v.String() != want {
			t.Errorf("%s reads as %s, %v; want %s", text, v, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"86400", "1d12h", "2gb", "80%", "true", "deny", "1,2", "[\"1\"]", " \" 0\"", "'a''b,c', [0-9]+", "-1", "9223372036854775808", "1h1h1h", "١٢", "1٣h"} {
		f.Add(seed)
	}
	table := settings.Table()
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range table {
			v, err := s.Parse(text)
			if err != nil || s.Secret {
				continue
			}
			for _, form := range []string{v.String(), v.Human()} {
				if again, err := s.Parse(form); err != nil || again.String() != v.String() {
					t.Errorf("%s=%q prints as %q, which reads as %q, %v", s.Key, text, form, again, err)
				}
			}
		}
	})
}

func row(t *testing.T, key string) settings.Setting {
	t.Helper()
	s, err := settings.Lookup(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
