package settings_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/settings"
)

// planted is a secret that no output of this package may show.
const planted = "hunter2-planted-secret"

func TestEachLayerWinsOverTheOnesBefore(t *testing.T) {
	const key = "redis.session_ttl"
	file := write(t, "config.yaml", "redis:\n  session_ttl: 7200\n")
	env := []string{"HELIX_REDIS_SESSION_TTL=3h"}
	development := map[string]string{"profile": "development"}
	flag := map[string]string{key: "4h"}
	tests := []struct {
		name   string
		o      settings.Options
		want   string
		origin string
	}{
		{"nothing", settings.Options{}, "86400", "default"},
		{"profile", settings.Options{Flags: development}, "3600", "profile, development"},
		{"profile by variable", settings.Options{Environ: []string{"HELIX_PROFILE=Development"}}, "3600", "profile, development"},
		{"profile by file", settings.Options{File: write(t, "p.yaml", "profile: development")}, "3600", "profile, development"},
		{"file", settings.Options{File: file}, "7200", "file, " + file + " line 2"},
		{"file over profile", settings.Options{File: file, Flags: development}, "7200", "file, " + file + " line 2"},
		{"environment over file", settings.Options{File: file, Environ: env}, "10800", "environment, HELIX_REDIS_SESSION_TTL"},
		{"flag over environment", settings.Options{File: file, Environ: env, Flags: flag}, "14400", "flag, command line"},
		{"empty variable is not set", settings.Options{Environ: []string{"HELIX_REDIS_SESSION_TTL="}}, "86400", "default"},
		{"file by variable", settings.Options{Environ: []string{"HELIX_CONFIG=" + file}}, "7200", "file, " + file + " line 2"},
	}
	t.Chdir(t.TempDir())
	for _, tt := range tests {
		item, err := load(t, tt.o).Snapshot().Item(key)
		if err != nil || item.Value.String() != tt.want || item.Origin.String() != tt.origin {
			t.Errorf("%s: %s from %q (%v), want %s from %q", tt.name, item.Value, item.Origin, err, tt.want, tt.origin)
		}
	}
}

func TestOnlyTheDefaultFileMayBeMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	if b := load(t, settings.Options{}); b.File() != "" {
		t.Errorf("a file was read: %s", b.File())
	}
	for _, o := range []settings.Options{{File: "nowhere.yaml"}, {Environ: []string{"HELIX_CONFIG=nowhere.yaml"}}} {
		if _, err := settings.Load(o); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nowhere.yaml") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := os.WriteFile("config.yaml", []byte("log: {level: warn}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b := load(t, settings.Options{}); b.Snapshot().Text(settings.LogLevel) != "warn" || b.File() != "config.yaml" {
		t.Error("./config.yaml was not read")
	}
}

func TestFileFormsOfValues(t *testing.T) {
	b := load(t, settings.Options{File: write(t, "c.yaml", `
redis:
  session_ttl: 1d12h     # a duration as people write it
  Session_Cleanup: off   # case does not matter
  max_sessions_per_user:
redis.session_idle_timeout: "600"
alerts:
  memory_percent: 95%
  no_ttl: 1e3
discord:
  guilds: [1111111111111111111, "22"]
  ops_channel: 1234567890123456789
shell: {max_output: 2mb}
log:
`)})
	s := b.Snapshot()
	for key, want := range map[string]string{
		"redis.session_ttl": "129600", "redis.session_cleanup": "false", "redis.max_sessions_per_user": "5",
		"redis.session_idle_timeout": "600", "alerts.memory_percent": "95", "alerts.no_ttl": "1000",
		"discord.guilds": "1111111111111111111,22", "discord.ops_channel": "1234567890123456789",
		"shell.max_output": "2097152", "log.level": "info",
	} {
		if item, err := s.Item(key); err != nil || item.Value.String() != want {
			t.Errorf("%s is %s (%v), want %s", key, item.Value, err, want)
		}
	}
	if s.Duration(settings.SessionTTL) != 36*time.Hour || s.Source("redis.max_sessions_per_user") != settings.FromDefault {
		t.Error("the ttl or the source of an empty key is wrong")
	}
}

func TestFileErrorsNameKeyValueAndLine(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"unknown key", "redis:\n  sesion_ttl: 5", "`redis.sesion_ttl` is not a setting (FILE line 2). Did you mean `redis.session_ttl`?"},
		{"unknown section", "rediss:\n  session_ttl: 5", "`rediss.session_ttl` is not a setting (FILE line 2). Did you mean `redis.session_ttl`?"},
		{"wrong type", "redis:\n\n  session_ttl: soon", "`redis.session_ttl` cannot be `soon` (FILE line 3): expected a duration, as in 86400 (seconds), 24h, 5m or 1d12h."},
		{"out of range", "alerts: {memory_percent: 101}", "`alerts.memory_percent` cannot be `101` (FILE line 1): expected from 1% to 100%."},
		{"a list for a value", "redis:\n  session_ttl: [1, 2]", "`redis.session_ttl` (FILE line 2): expected one value, not a list."},
		{"a section for a value", "redis:\n  session_ttl:\n    seconds: 5", "`redis.session_ttl.seconds` is not a setting (FILE line 3). Did you mean `redis.session_ttl`?"},
		{"a value for a section", "redis: token=" + planted, "`redis` (FILE line 1) has to be a section of `key: value` lines"},
		{"a fraction", "redis:\n  session_ttl: 1.5", "`redis.session_ttl` (FILE line 2): expected a whole number; put quotes around a text of digits."},
		{"digits lost", "discord:\n  ops_channel: 123456789012345678901234567890", "`discord.ops_channel` (FILE line 2): expected a whole number; put quotes around a text of digits."},
		{"a date", "discord:\n  ops_channel: 2025-11-07", "`discord.ops_channel` (FILE line 2): expected one value; put quotes around it."},
		{"twice", "redis:\n  session_ttl: 5\n  SESSION_TTL: 6", "FILE line 3: `redis.session_ttl` stands in line 2 already (case does not matter)"},
		{"twice in two forms", "redis:\n  session_ttl: 5\nredis.session_ttl: 6", "FILE line 3: `redis.session_ttl` stands in line 2 already (case does not matter)"},
		{"combination", "redis:\n  session_ttl: 200", "`redis.session_idle_timeout` (300, default) may not be above `redis.session_ttl` (200, file). Set both together."},
		{"two problems", "log: {level: loud}\nstate: {dri: x}", "`log.level` cannot be `loud` (FILE line 1): expected debug, info, warn or error.\n`state.dri` is not a setting (FILE line 2). Did you mean `state.dir`?"},
		{"not a mapping", "- a", "FILE is not a configuration: it has to be sections of `key: value` lines"},
		{"a password in an address", "discord:\n  api_url: https://me:" + planted + "@proxy", "`discord.api_url` (FILE line 2): expected an address that begins with https:// or http:// and names a host."},
		{"a secret alone", planted, "FILE is not a configuration: it has to be sections of `key: value` lines"},
		{"bad yaml", "redis: [", "FILE is not valid YAML: yaml: line 1: did not find expected node content"},
		{"unknown anchor", "discord:\n  token: *" + planted, "FILE is not valid YAML: yaml: unknown anchor … referenced"},
		{"alias", "a: &x {b: 1}\nc: *x", "FILE line 2: aliases are not supported"},
	}
	for _, tt := range tests {
		path := write(t, "config.yaml", tt.file)
		_, err := settings.Load(settings.Options{File: path})
		if want := strings.ReplaceAll(tt.want, "FILE", path); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.name, err, want)
		}
	}
}

func TestAFileTooLargeIsRefused(t *testing.T) {
	path := write(t, "c.yaml", strings.Repeat("# filler\n", 200_000))
	if _, err := settings.Load(settings.Options{File: path}); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}

func TestEnvironmentErrorsNameTheVariable(t *testing.T) {
	_, err := settings.Load(settings.Options{Environ: []string{"HELIX_SHELL_TIMEOUT=never"}, File: os.DevNull})
	want := "`shell.timeout` cannot be `never` (HELIX_SHELL_TIMEOUT): expected a duration, as in 86400 (seconds), 24h, 5m or 1d12h."
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAMistypedVariableIsPointedOut(t *testing.T) {
	b := load(t, settings.Options{File: os.DevNull, Environ: []string{
		"HELIX_REDIS_SESION_TTL=5", "HELIX_REQUIRE_REDIS=1", "HELIX_DISCORD_OPENAPI=x", "HELIX_CONFIG=" + os.DevNull, "PATH=/bin", "HELIX_REDIS_URL_FIEL=/x",
	}})
	got := strings.Join(b.Warnings(), "\n")
	want := "The variable `HELIX_REDIS_SESION_TTL` names no setting. Did you mean `HELIX_REDIS_SESSION_TTL`?\n" +
		"The variable `HELIX_REDIS_URL_FIEL` names no setting. Did you mean `HELIX_REDIS_URL_FILE`?"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSecretsComeFromVariablesAndFiles(t *testing.T) {
	secret := write(t, "secret", planted+"\r\n")
	other := write(t, "other", "other\n")
	tests := []struct {
		name  string
		env   []string
		want  string
		where string
	}{
		{"plain name", []string{"DISCORD_TOKEN=" + planted}, planted, "DISCORD_TOKEN"},
		{"our name", []string{"HELIX_DISCORD_TOKEN=" + planted}, planted, "HELIX_DISCORD_TOKEN"},
		{"our name wins", []string{"DISCORD_TOKEN=other", "HELIX_DISCORD_TOKEN=" + planted}, planted, "HELIX_DISCORD_TOKEN"},
		{"file", []string{"DISCORD_TOKEN_FILE=" + secret}, planted, "DISCORD_TOKEN_FILE"},
		{"our file wins", []string{"DISCORD_TOKEN_FILE=" + other, "HELIX_DISCORD_TOKEN_FILE=" + secret}, planted, "HELIX_DISCORD_TOKEN_FILE"},
		{"our file wins over the plain name", []string{"DISCORD_TOKEN=other", "HELIX_DISCORD_TOKEN_FILE=" + secret}, planted, "HELIX_DISCORD_TOKEN_FILE"},
		{"not set", nil, "", ""},
	}
	for _, tt := range tests {
		s := load(t, settings.Options{Environ: tt.env, File: os.DevNull}).Snapshot()
		item, err := s.Item("discord.token")
		if got := s.Secret(settings.DiscordToken); err != nil || got != tt.want || item.Origin.Where != tt.where {
			t.Errorf("%s: %q from %s (%v)", tt.name, got, item.Origin, err)
		}
	}
	if s := load(t, settings.Options{Environ: []string{"REDIS_URL=redis://h"}, File: os.DevNull}).Snapshot(); s.Secret(settings.RedisURL) != "redis://h" {
		t.Error("REDIS_URL is not read")
	}
}

func TestSecretFilesThatCannotBe(t *testing.T) {
	large := write(t, "large", strings.Repeat("x", 70_000))
	secret := write(t, "secret", planted)
	tests := []struct {
		name string
		env  []string
		want string
	}{
		{"missing", []string{"DISCORD_TOKEN_FILE=/nowhere/x"}, "DISCORD_TOKEN_FILE: read the secret: open /nowhere/x: no such file or directory"},
		{"a directory", []string{"HELIX_REDIS_URL_FILE=/"}, "HELIX_REDIS_URL_FILE: read the secret: read /: is a directory"},
		{"too large", []string{"DISCORD_TOKEN_FILE=" + large}, "DISCORD_TOKEN_FILE: " + large + " is larger than 65536 bytes, so it is not a secret's file"},
		{"empty", []string{"DISCORD_TOKEN_FILE=" + write(t, "empty", "\n")}, "is empty"},
		{"both", []string{"DISCORD_TOKEN=" + planted, "DISCORD_TOKEN_FILE=" + secret}, "both DISCORD_TOKEN and DISCORD_TOKEN_FILE are set; unset one of them"},
		{"two lines", []string{"DISCORD_TOKEN_FILE=" + write(t, "two", planted+"\n"+planted)}, "`discord.token` (DISCORD_TOKEN_FILE): expected a text without line breaks and control characters."},
	}
	for _, tt := range tests {
		_, err := settings.Load(settings.Options{Environ: tt.env, File: os.DevNull})
		if err == nil || !strings.HasSuffix(err.Error(), tt.want) || strings.Contains(err.Error(), planted) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	b := load(t, settings.Options{File: write(t, "c.yaml", "discord:\n  token: "+planted), Environ: []string{"REDIS_URL=redis://:" + planted + "@h"}})
	s := b.Snapshot()
	item, err := s.Item("discord.token")
	if err != nil || item.Value.String() != "(set, not shown)" || item.Value.Human() != "(set, not shown)" {
		t.Error(item, err)
	}
	var all strings.Builder
	for _, v := range []any{b, *b, s, *s, item, &item, item.Value, s.Items(""), s.Policy()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&all, verb, v)
		}
	}
	if strings.Contains(all.String(), planted) || strings.Contains(all.String(), fmt.Sprintf("%x", planted)) {
		t.Error("a secret is printed")
	}
}

func TestRoles(t *testing.T) {
	b := load(t, settings.Options{File: write(t, "c.yaml", `
permissions:
  roles:
    OnCall:
      discord: [1111111111, "user:2222222222"]
      allow: [read, "destroy session:user:*"]
    team.ops:
      channels: ["4444444444"]
      deny: ["destroy session:user:root@*"]
    guest:
`)})
	want := map[string]settings.Role{
		"oncall":   {Discord: []string{"1111111111", "user:2222222222"}, Allow: []string{"read", "destroy session:user:*"}},
		"team.ops": {Channels: []string{"4444444444"}, Deny: []string{"destroy session:user:root@*"}},
		"guest":    {},
	}
	if got := b.Roles(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := settings.Defaults().Roles(); len(got) != 0 {
		t.Errorf("roles without a file: %+v", got)
	}
}

func TestRolesOfTheWrongShape(t *testing.T) {
	tests := []struct{ file, want string }{
		{"permissions: [a]", "`permissions` (FILE line 1): expected `name: value` lines below it."},
		{"permissions:\n  rolls: {}", "`permissions.rolls` (FILE line 2) is not a field; did you mean `roles`?"},
		{"permissions:\n  roles: [oncall]", "`permissions.roles` (FILE line 2): expected `name: value` lines below it."},
		{"permissions:\n  roles:\n    a: read", "`permissions.roles.a` (FILE line 3): expected `name: value` lines below it."},
		{"permissions:\n  roles:\n    a:\n      alow: [read]", "`permissions.roles.a.alow` (FILE line 4) is not a field; did you mean `allow`?"},
		{"permissions:\n  roles:\n    a:\n      users: [1]", "`permissions.roles.a.users` (FILE line 4) is not a field; there is allow, channels, deny or discord"},
		{"permissions:\n  roles:\n    a:\n      allow: read", "`permissions.roles.a.allow` (FILE line 4): expected a list, as in [\"1\", \"2\"]."},
		{"permissions:\n  roles:\n    a:\n      allow: [[read]]", "`permissions.roles.a.allow` (FILE line 4): expected one value."},
		{"permissions:\n  roles:\n    ops: {}\n    OPS: {}", "FILE line 4: `permissions.roles.ops` stands in line 3 already (case does not matter)"},
	}
	for _, tt := range tests {
		path := write(t, "config.yaml", tt.file)
		_, err := settings.Load(settings.Options{File: path})
		if want := strings.ReplaceAll(tt.want, "FILE", path); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.file, err, want)
		}
	}
}

func TestGettersPanicForWhatIsNotInTheTable(t *testing.T) {
	s := settings.Defaults().Snapshot()
	for name, get := range map[string]func(){
		"no such key":       func() { s.Duration("redis.sesion_ttl") },
		"another kind":      func() { s.Bool("redis.session_ttl") },
		"a secret as text":  func() { s.Text("discord.token") },
		"a text as secret":  func() { s.Secret("discord.prefix") },
		"a size as integer": func() { s.Int("shell.max_output") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			get()
		}()
	}
}

func TestItemsByPrefix(t *testing.T) {
	s := settings.Defaults().Snapshot()
	for prefix, want := range map[string]int{"": len(settings.Table()), "redis.max_*": 4, "SHELL.": 7, "nothing": 0} {
		if got := len(s.Items(prefix)); got != want {
			t.Errorf("%q: %d settings, want %d", prefix, got, want)
		}
	}
}

func load(t *testing.T, o settings.Options) *settings.Base {
	t.Helper()
	b, err := settings.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
