package settings_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/settings"
)

// The guide's blocks as they stand there.
const (
	guideProduction = "```bash\n" + `# Session TTL: 24 hours (86400 seconds)
# Sessions expire after 24 hours of creation
redis.session_ttl=86400

# Idle timeout: 5 minutes (300 seconds)
# Sessions expire after 5 minutes of inactivity
redis.session_idle_timeout=300

# Enable automatic session cleanup
# Background process removes expired sessions
redis.session_cleanup=true

# Session cleanup interval: 1 hour (3600 seconds)
redis.session_cleanup_interval=3600

# Maximum sessions per user: 5
# Prevents single user from creating excessive sessions
redis.max_sessions_per_user=5
` + "```\n"

	guideDevelopment = `# Shorter TTL for development
redis.session_ttl=3600  # 1 hour

# Shorter idle timeout
redis.session_idle_timeout=300  # 5 minutes

# More frequent cleanup
redis.session_cleanup_interval=600  # 10 minutes`

	guideSecurity = `# Bind sessions to IP address
redis.session_bind_ip=true

# Regenerate session ID on privilege escalation
redis.session_regenerate_on_auth=true

# Use secure session cookies
redis.session_cookie_secure=true
redis.session_cookie_httponly=true
redis.session_cookie_samesite=strict`

	guideOption2 = `# Option 2: Enable automatic cleanup going forward
!config set redis.session_ttl=86400
!config set redis.session_cleanup=true`
)

func TestParseImportReadsEveryForm(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"the guide's production block", guideProduction, "redis.session_ttl=86400@4 redis.session_idle_timeout=300@8 redis.session_cleanup=true@12 redis.session_cleanup_interval=3600@15 redis.max_sessions_per_user=5@19"},
		{"the guide's development block", guideDevelopment, "redis.session_ttl=3600@2 redis.session_idle_timeout=300@5 redis.session_cleanup_interval=600@8"},
		{"the guide's security block", guideSecurity, "redis.session_bind_ip=true@2 redis.session_regenerate_on_auth=true@5 redis.session_cookie_secure=true@8 redis.session_cookie_httponly=true@9 redis.session_cookie_samesite=strict@10"},
		{"the guide's option 2", guideOption2, "redis.session_ttl=86400@2 redis.session_cleanup=true@3"},
		{"windows line ends", "redis.session_ttl=1h\r\n\r\nalerts.no_ttl=1\r\n", "redis.session_ttl=3600@1 alerts.no_ttl=1@3"},
		{"several on a line", "!config set redis.session_ttl='1 day' alerts.no_ttl=\"2\"", "redis.session_ttl=86400@1 alerts.no_ttl=2@1"},
		{"config set without a prefix", "config set alerts.no_ttl 2", "alerts.no_ttl=2@1"},
		{"nested yaml", "redis:\n  session_ttl: 1d # a day\n  session_cleanup: off\nalerts:\n    no_ttl: '3'\n", "redis.session_ttl=86400@2 redis.session_cleanup=false@3 alerts.no_ttl=3@5"},
		{"flat yaml", "---\nredis.session_ttl: 60m\nlog.level: \"warn\" # it's \"loud\" enough\n", "redis.session_ttl=3600@2 log.level=warn@3"},
		{"flat below a section", "redis:\n  session_ttl: 1h\nalerts.no_ttl: 1\n", "redis.session_ttl=3600@2 alerts.no_ttl=1@3"},
		{"a setting without a value", "redis:\n  session_ttl:\n  session_cleanup: on", "redis.session_cleanup=true@3"},
		{"spaces around", "  redis.session_ttl = 1h", "redis.session_ttl=3600@1"},
		{"the same twice", "alerts.no_ttl=1\nalerts.no_ttl=1", "alerts.no_ttl=1@1"},
	}
	for _, tt := range tests {
		all, err := settings.ParseImport(tt.text)
		var got []string
		for _, a := range all {
			got = append(got, fmt.Sprintf("%s=%s@%d", a.Key, a.Value, a.Line))
		}
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", tt.name, err, strings.Join(got, " "), tt.want)
		}
	}
}

func TestParseImportNamesEveryBadLine(t *testing.T) {
	const text = `redis.session_ttl=86400
redis.sesion_ttl=1
save 900 1
redis:
  session_cleanup: maybe
!config set alerts.no_ttl=1 oops
discord.token=` + planted + `
redis.session_ttl=1h
` + planted + `
`
	want := `Nothing was imported:
line 2: ` + "`redis.sesion_ttl` is not a setting. Did you mean `redis.session_ttl`?" + `
line 3: expected ` + "`key=value`" + `; a value with spaces needs quotes
line 5: ` + "`redis.session_cleanup` cannot be `maybe`: expected true or false." + `
line 6: expected ` + "`key=value`" + `; a value with spaces needs quotes
line 7: ` + "`discord.token` is secret, so it is never set from chat. Set `HELIX_DISCORD_TOKEN` or HELIX_DISCORD_TOKEN_FILE and restart Helix." + `
line 8: ` + "`redis.session_ttl` has another value in line 1 already" + `
line 9: expected ` + "`key=value`" + `; a value with spaces needs quotes`
	_, err := settings.ParseImport(text)
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if !errorIs[*settings.UnknownError](err) || !errorIs[*settings.StartOnlyError](err) {
		t.Error("the errors of the lines are not to be found")
	}
	for _, empty := range []string{"", "# nothing\n\n```\n", "redis:\n"} {
		if _, err := settings.ParseImport(empty); err == nil || !strings.Contains(err.Error(), "the text sets nothing") {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestImportIsAllOrNothingAndExportReadsBack(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx := t.Context()
		live := settings.Open(ctx, client(t), settings.Defaults())
		if _, err := live.Import(ctx, guideDevelopment+"\nredis.nonsense=1", ann); !errorIs[*settings.ImportError](err) || live.Snapshot().Revision() != 0 {
			t.Errorf("%v", err)
		}
		if _, err := live.Import(ctx, "redis.session_ttl=100", ann); !errorIs[*settings.CombinationError](err) {
			t.Errorf("%v", err)
		}
		got, err := live.Import(ctx, guideDevelopment, ann)
		if err != nil || fmt.Sprint(got) != "{1 [600 (was 3600) 300 (was 300) 3600 (was 86400)] false}" {
			t.Errorf("%v, %v", got, err)
		}
		set(t, live, "redis.session_cookie_samesite=lax", "shell.max_output=2mb", "redis.max_share=50")
		exported := live.Export()
		for _, line := range []string{"redis:\n  session_ttl: 3600 # 1h\n", "  # max_sessions_per_user: 5 (default)\n", "  session_cookie_samesite: \"lax\"\n", "shell:\n", "  max_output: 2097152 # 2mb\n"} {
			if !strings.Contains(exported, line) {
				t.Errorf("%q is not in\n%s", line, exported)
			}
		}
		before := live.Diff()
		if _, err := live.Rollback(ctx, 0, ann); err != nil || len(live.Diff()) != 0 {
			t.Fatal(err)
		}
		if _, err := live.Import(ctx, exported, ann); err != nil || fmt.Sprint(live.Diff()) != fmt.Sprint(before) {
			t.Errorf("%v: %v, want %v", err, live.Diff(), before)
		}
		again := load(t, settings.Options{File: write(t, "c.yaml", exported)})
		for _, c := range before {
			if item, err := again.Snapshot().Item(c.Key); err != nil || item.Value.String() != c.New || item.Origin.Source != settings.FromFile {
				t.Errorf("as a file, %s is %s from %s", c.Key, item.Value, item.Origin)
			}
		}
	})
}

func TestParseAssignments(t *testing.T) {
	tests := []struct {
		words string
		want  string
	}{
		{"a=1 B=2", "[{a 1 0} {b 2 0}]"},
		{"a 1", "[{a 1 0}]"},
		{"a=b=c", "[{a b=c 0}]"},
		{"a=", "[{a  0}]"},
		{"", "[]"},
		{"a = 1", "[{a 1 0}]"},
		{"a= 1 b =2 c = 3", "[{a 1 0} {b 2 0} {c 3 0}]"},
		{"a: 1", "[{a 1 0}]"},
		{"a= b=2", "[{a  0} {b 2 0}]"},
	}
	for _, tt := range tests {
		got, err := settings.ParseAssignments(strings.Fields(tt.words))
		if err != nil || fmt.Sprint(got) != tt.want {
			t.Errorf("%q: %v, %v", tt.words, got, err)
		}
	}
	for _, bad := range []string{"a", "a=1 b", "a b c", "=1", "= 1", "a = = 1"} {
		if _, err := settings.ParseAssignments(strings.Fields(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func FuzzParseImport(f *testing.F) {
	for _, seed := range []string{guideProduction, guideDevelopment, guideSecurity, guideOption2, "redis:\n  session_ttl: '1d' # x\n", "a: b: c", "'=\"", ":\n:", "config set = = ="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := settings.ParseImport(text)
		if (err == nil) != (len(all) > 0) {
			t.Fatalf("%v, %v", all, err)
		}
		var broken *settings.ImportError
		if err != nil && !errors.As(err, &broken) {
			t.Fatalf("%T", err)
		}
		var flat strings.Builder
		for _, a := range all {
			fmt.Fprintf(&flat, "%s=%s\n", a.Key, a.Value)
		}
		if len(all) == 0 {
			return
		}
		again, err := settings.ParseImport(flat.String())
		if err != nil || len(again) != len(all) {
			t.Fatalf("%v: %v", err, again)
		}
	})
}
