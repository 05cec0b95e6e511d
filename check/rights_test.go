package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/internal/redistest"
)

// Each reduced user is told which features lack what, and the lines that are told
// them give them all of it.
func TestRightsThatAreMissing(t *testing.T) {
	server := redistest.Standalone(t)
	admin := server.Client()
	all := []string{"~*", "&*", "+@all"}
	for _, tt := range []struct {
		name  string
		rules []string
		level Level
		says  []string
	}{
		{"everything", all, OK, []string{"Everything that is in use is allowed: base, sessions"}},
		{"the generated one", own.Needs.Rules(), OK, []string{"Everything"}},
		{"the plain form", acl.Needs{Features: own.Needs.Features, Plain: true}.Rules(), OK, []string{"Everything"}},
		{"not our keys", append([]string{"~session:*"}, all[1:]...), Fatal, []string{"Refused for base", "HGET on Helix's own keys", "(~{helix}:* ~helix:* "}},
		{"not our channel", []string{"~*", "resetchannels", "+@all"}, Fatal, []string{"SUBSCRIBE on {helix}:*", "&{helix}:*"}},
		{"no SCAN", append(all, "-scan"), Fatal, []string{"Refused for sessions", "Refused for read", "SCAN", "+scan"}},
		{"no CONFIG", append(all, "-config"), Warning, []string{"Refused for config", "CONFIG SET", "Refused for alerts", "+config|get"}},
		{"no events", []string{"~*", "resetchannels", "&{helix}:*", "+@all"}, Warning, []string{"Refused for alerts", "SUBSCRIBE on __keyevent@*__:new"}},
		{"no MONITOR", append(all, "-monitor"), Warning, []string{"Refused for monitor", "MONITOR"}},
		{"no DUMP", append(all, "-dump"), Warning, []string{"Refused for undo", "the journal of changes", "DUMP"}},
		{"no EXEC", append(all, "-exec"), Warning, []string{"Refused for write", "Refused for flush", "EXEC"}},
		{"no scripts", append(all, "-@scripting"), Fatal, []string{"Refused for base", "EVALSHA on Helix's own keys", "Refused for write"}},
		{"no PING", append(all, "-ping"), Warning, []string{"PING"}},
		{"no MULTI", append(all, "-multi"), Warning, []string{"MULTI or DISCARD is refused", "+multi +discard"}},
		{"readers only", acl.Needs{Features: []acl.Name{acl.Base, acl.Read}}.Rules(), Warning, []string{"Refused for sessions", "Refused for write", "Refused for flush"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setUser(t, admin, append([]string{"limited", "reset", "on", ">pass"}, tt.rules...))
			client := redis.NewClient(&redis.Options{Addr: server.Addr, Username: "limited", Password: "pass", DisableIdentity: true})
			defer client.Close()
			needs := acl.Needs{Features: own.Needs.Features, Plain: tt.name == "the plain form"}
			found, level := rightsOf(t, client, needs)
			for _, says := range tt.says {
				if !strings.Contains(found, says) {
					t.Errorf("…%s… is not in:\n%s", says, found)
				}
			}
			if level != tt.level {
				t.Errorf("%s, want %s:\n%s", level, tt.level, found)
			}
			for line := range strings.Lines(found) {
				if _, words, told := strings.Cut(line, "ACL SETUSER "); told && !strings.HasPrefix(words, "<user>") {
					setUser(t, admin, strings.Fields(words))
				}
			}
			if found, level := rightsOf(t, client, needs); tt.name != "no MULTI" && level != OK {
				t.Errorf("after what was told: %s", found)
			}
		})
	}
	if n := admin.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("trying rights has left %d keys", n)
	}
}

func setUser(t *testing.T, admin *redis.Client, words []string) {
	t.Helper()
	args := []any{"ACL", "SETUSER"}
	for _, word := range words {
		args = append(args, word)
	}
	if err := admin.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
}

// rightsOf answers what is found about a user's rights, and the gravest level.
func rightsOf(t *testing.T, client *redis.Client, needs acl.Needs) (string, Level) {
	t.Helper()
	levels := []Level{OK, Warning, Fatal}
	gravest := 0
	var text strings.Builder
	for _, f := range Redis(t.Context(), client, "redis://example:6379", Own{Needs: needs}) {
		if f.Name != rightsName {
			continue
		}
		gravest = max(gravest, slices.Index(levels, f.Level))
		fmt.Fprintf(&text, "%s\n%s\n", f.Detail, f.Mend)
	}
	return text.String(), levels[gravest]
}
