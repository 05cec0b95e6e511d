package acl_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/internal/redistest"
)

var update = flag.Bool("update", false, "write the table of docs/acl.md anew")

// may asks a server whether the restricted user may run a command.
func may(t *testing.T, owner *redis.Client, command string) bool {
	t.Helper()
	args := []any{"ACL", "DRYRUN", redistest.User}
	for _, word := range strings.Fields(command) {
		args = append(args, word)
	}
	answer, err := owner.Do(t.Context(), args...).Text()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return answer == "OK"
}

// The policy is read aloud: who may do what, line by line.
func TestWhatTheUserMayDo(t *testing.T) {
	everything := acl.Needs{Features: acl.All()}
	readers := acl.Needs{Features: []acl.Name{acl.Base, acl.Read}}
	narrow := acl.Needs{Features: []acl.Name{acl.Base, acl.Read, acl.Write, acl.Undo}, Read: []string{"session:*"}, Change: []string{"session:user:*", "cart of *"}}
	plain := everything
	plain.Plain = true
	for _, tt := range []struct {
		name     string
		needs    acl.Needs
		may, not []string
	}{
		{"everything", everything, []string{
			"GET x", "SET x 1", "DUMP x", "RESTORE x 0 y", "FLUSHDB ASYNC", "CONFIG SET maxmemory 1gb", "MONITOR", "PSUBSCRIBE *",
			"PUBLISH news x", "EVALSHA 0 2 {helix}:plan:1 x", "WATCH x {helix}:plan:1", "HSET {helix}:lease a b", "ZADD helix:index:{t}:u 1 m", "INFO", "WAIT 1 100",
		}, never()},
		{"the same for servers before 7", plain, []string{"GET x", "SET x 1", "CONFIG GET save", "EVALSHA 0 1 x", "PUBLISH news x"}, never()},
		{"who reads", readers, []string{"GET x", "HSCAN x 0", "SCAN 0", "SORT x", "MEMORY USAGE x", "SET {helix}:seen:1 1", "PUBLISH {helix}:events 7"},
			append(never(), "SET x 1", "DEL x", "SORT x STORE y", "BITFIELD x SET u8 0 1", "EVAL x 1 y", "WATCH y", "FLUSHDB", "CONFIG SET maxmemory 1", "MONITOR",
				"SUBSCRIBE news", "PUBLISH news x", "CLIENT KILL a:1", "RESTORE x 0 y", "GEORADIUS x 0 0 1 m STORE y")},
		{"patterns", narrow, []string{"GET session:1", "DEL session:user:ann:1", "SET {helix}:plan:1 x", "EVALSHA 0 2 session:user:ann:1 {helix}:plan:1", "DEL cart.of.ann"},
			append(never(), "GET other", "SET session:1 x", "DEL other", "RENAME session:user:ann:1 other", "COPY other session:user:ann:1")},
		{"base alone", acl.Needs{Features: []acl.Name{acl.Base}}, []string{"HGETALL {helix}:config", "SUBSCRIBE {helix}:events", "SELECT 2"},
			append(never(), "GET session:1", "GET x", "SCAN 0", "SUBSCRIBE news", "PSUBSCRIBE *")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			owner := redistest.Restricted(t, tt.needs.Rules()).Client()
			for _, command := range tt.may {
				if !may(t, owner, command) {
					t.Errorf("%s is refused", command)
				}
			}
			for _, command := range tt.not {
				if may(t, owner, command) {
					t.Errorf("%s is allowed", command)
				}
			}
		})
	}
}

// never lists what no user of ours may do on a server, whatever is typed, and
// whoever has taken Helix over.
func never() []string {
	return []string{
		"SHUTDOWN NOSAVE", "DEBUG SLEEP 1", "REPLICAOF evil 6379", "SLAVEOF evil 6379", "FAILOVER", "MIGRATE h 1 k 0 1", "SWAPDB 0 1", "SAVE", "BGSAVE", "BGREWRITEAOF",
		"MODULE LOAD /tmp/x.so", "MODULE LIST", "ACL SETUSER evil on", "ACL DELUSER owner", "ACL LIST", "ACL LOAD", "ACL SAVE", "ACL LOG", "CONFIG REWRITE",
		"CLIENT PAUSE 1", "CLIENT NO-EVICT on", "CLIENT TRACKING on", "CLUSTER RESET", "CLUSTER FAILOVER", "CLUSTER MEET h 1", "SYNC", "PSYNC ? -1", "FLUSHALL", "KEYS *",
		"FUNCTION LOAD x", "FCALL f 0", "SCRIPT FLUSH", "SCRIPT KILL", "BLPOP x 0",
	}
}

// A line that was pasted as it was printed makes nobody.
func TestALineWithoutAPasswordIsRefused(t *testing.T) {
	owner := redistest.Standalone(t).Client()
	words := strings.Fields(acl.Needs{Features: acl.All()}.SetUser("pasted", acl.NoPassword))
	args := make([]any, len(words))
	for i, word := range words {
		args[i] = word
	}
	if err := owner.Do(t.Context(), args...).Err(); err == nil {
		t.Error("a user was made")
	}
	if err := owner.Do(t.Context(), "ACL", "GETUSER", "pasted").Err(); err != redis.Nil {
		t.Errorf("there is such a user: %v", err)
	}
}

func TestFind(t *testing.T) {
	names, err := acl.Find([]string{"write", "read"})
	if want := []acl.Name{acl.Base, acl.Read, acl.Write}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v; want %v", names, err, want)
	}
	if names, err = acl.Find([]string{"all"}); err != nil || !slices.Equal(names, acl.All()) {
		t.Errorf("%v, %v", names, err)
	}
	for _, wrong := range []string{"", "raed", "sentinel"} {
		if _, err := acl.Find([]string{wrong}); err == nil || !strings.Contains(err.Error(), "there are all, base") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestMendNamesTheFeature(t *testing.T) {
	for text, says := range map[string]string{
		"NOPERM this user has no permissions to run the 'config|set' command":                                               "feature `config`",
		"NOPERM User helix has no permissions to run the 'monitor' command":                                                 "`+monitor`, which is needed for MONITOR",
		"NOPERM this user has no permissions to run the 'client' command or its subcommand":                                 "`+client`",
		"NOPERM this user has no permissions to access one of the keys used as arguments":                                   "may not do that with that key",
		"NOPERM No permissions to access a channel":                                                                         "may not use that channel",
		"ERR The user executing the script can't run this command or subcommand script: 34f5, on @user_script:26.":          "lacks a right",
		"NOPERM this user has no permissions to run the 'nonsense' command":                                                 "feature `read` or `write`",
		"ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script": "may not do that with that key",
	} {
		if got := acl.Mend(text); !strings.Contains(got, says) || !strings.Contains(got, "`helix check --acl`") {
			t.Errorf("%s: %s, want …%s…", text, got, says)
		}
	}
	if got := acl.Mend("WRONGTYPE Operation against a key"); got != "" {
		t.Errorf("no refusal: %q", got)
	}
}

// The table of docs/acl.md is written from the features.
func TestGeneratedTable(t *testing.T) {
	const file = "../docs/acl.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := acl.ReplaceTable(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("the table of docs/acl.md is old; run: cd acl && go test -run TestGenerated -update .")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
