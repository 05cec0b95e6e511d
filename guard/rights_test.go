package guard_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/redis/go-redis/v9"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestDecisions pins what becomes of every command of a Redis 7.0, so that no
// change of a rule goes unseen.
func TestDecisions(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	names, err := b.Commands(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, name := range names {
		d, err := b.Describe(t.Context(), strings.Fields(name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rights := fmt.Sprint(d.Rights)
		if d.Refusal != "" && len(d.Rights) == 0 {
			rights = "never"
		}
		fmt.Fprintf(&lines, "%-32s %s\n", name, rights)
	}
	want := readGolden(t, "testdata/decisions.txt")
	if os.Getenv(redistest.Program) != "" {
		holdOtherDecisions(t, want, lines.String())
		return
	}
	if *update {
		writeGolden(t, "testdata/decisions.txt", lines.String())
	}
	if lines.String() != want {
		t.Errorf("the decisions have changed; look at each, then -update:\n%s", difference(want, lines.String()))
	}
}

// holdOtherDecisions holds another server's commands against those that Debian's
// Redis has as well, and those that newer servers have.
func holdOtherDecisions(t *testing.T, want, got string) {
	t.Helper()
	const golden = "testdata/decisions_newer.txt"
	newer := readGolden(t, golden)
	known := strings.Split(want+newer, "\n")
	var others []string
	for _, line := range strings.Split(got, "\n") {
		if !slices.Contains(known, line) {
			others = append(others, line)
		}
	}
	if *update {
		writeGolden(t, golden, newer+strings.Join(others, "\n")+"\n")
		return
	}
	if len(others) > 0 {
		t.Errorf("other decisions; look at each, then -update:\n%s", strings.Join(others, "\n"))
	}
}

func readGolden(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeGolden(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func difference(want, got string) string {
	before, after := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for _, l := range before {
		if !slices.Contains(after, l) {
			b.WriteString("- " + l + "\n")
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			b.WriteString("+ " + l + "\n")
		}
	}
	return b.String()
}

// TestNever holds the refusals of the design, whoever asks.
func TestNever(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	for _, line := range []string{
		"shutdown", "shutdown nosave", "debug sleep 10", "debug segfault", "replicaof no one", "slaveof a 1", "failover",
		"migrate h 1 k 0 10", "sync", "psync a 1", "save", "bgsave", "bgrewriteaof", "swapdb 0 1", "cluster reset", "cluster failover",
		"client pause 100", "module list", "module load /x.so", "acl setuser x on", "acl list", "acl getuser default", "config rewrite",
		"config set dir /tmp", "config set dbfilename x", "config set requirepass x", "config set maxmemory 1gb dir /tmp", "CONFIG SET DIR /x",
		"eval return 0", "eval_ro return 0", "evalsha x 0", "fcall f 0", "function list", "script load x", "script kill",
		"blpop l 0", "brpop l 0", "bzpopmin z 0", "blmove a b left right 0", "xread block 0 streams x 0", "xreadgroup group g c block 0 streams x >", "wait 1 0",
		"unsubscribe", "punsubscribe", "sunsubscribe c", "subscribe helix:a", "psubscribe c {helix}:*", "ssubscribe {helix}:events", "multi", "exec", "watch k", "select 1", "auth x", "hello 3", "reset", "quit",
		"client reply off", "client tracking on", "client no-evict on", "client setname x", "readonly", "asking", "replconf a", "restore k 0 x", "acl genpass",
		"-h otherhost dbsize", "-p 1 dbsize", "-a hunter2 dbsize", "-u redis://x dbsize", "--eval /etc/passwd", "-s /tmp/x dbsize", "--pipe", "-x set k",
		"--cluster check x:1", "--rdb /tmp/x", "--bigkeys", "--stat", "--latency", "-r 5 ping", "--user x dbsize", "--tls dbsize",
	} {
		r := b.do(t, everyone, strings.Fields(line)...)
		var refused *guard.Refused
		if !errors.As(r.err, &refused) || refused.NeedsPlan || refused.Reason == "" || r.stdout != "" {
			t.Errorf("%s: %+v", line, r)
		}
		if strings.Contains(fmt.Sprint(r.err), "hunter2") {
			t.Errorf("%s: the password is repeated: %v", line, r.err)
		}
	}
}

// TestChangesNeedAPlan holds that nothing is changed, and that rights come
// before the plan.
func TestChangesNeedAPlan(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.must(t, "SET", "there", "v")
		b.must(t, "SET", "session:1", "v")
		before := dump(t, b)
		for _, c := range []struct {
			line  string
			right permissions.Right // that is missing
		}{
			{"set new 1", permissions.Write}, {"set there 2", permissions.Destroy}, {"set session:new 1", permissions.Mint},
			{"del there", permissions.Destroy}, {"unlink there", permissions.Destroy}, {"expire there 10", permissions.Write},
			{"expire there -1", permissions.Destroy}, {"persist there", permissions.Write}, {"rename there other", permissions.Destroy},
			{"incr n", permissions.Write}, {"lpush l a", permissions.Write}, {"lpop l", permissions.Destroy}, {"sadd s a", permissions.Write},
			{"flushdb", permissions.Destroy}, {"flushall", permissions.Destroy}, {"config set maxmemory 1gb", permissions.Admin},
			{"config resetstat", permissions.Admin}, {"setrange there 0 x", permissions.Destroy}, {"getdel there", permissions.Destroy},
			{"copy there session:2", permissions.Mint}, {"rename there session:2", permissions.Destroy}, {"publish c m", permissions.Write},
		} {
			if _, err := b.Describe(t.Context(), strings.Fields(c.line)); err != nil {
				continue // the embedded server does not have it
			}
			var denied *permissions.Denied
			who := "reader"
			if c.right == permissions.Mint {
				who = "writer"
			}
			if r := b.do(t, as(who), strings.Fields(c.line)...); !errors.As(r.err, &denied) {
				t.Errorf("%s by a %s: %+v", c.line, who, r)
			} else if !strings.Contains(r.err.Error(), string(c.right)) {
				t.Errorf("%s by a %s: %v, want %s", c.line, who, r.err, c.right)
			}
			var refused *guard.Refused
			if r := b.do(t, everyone, strings.Fields(c.line)...); !errors.As(r.err, &refused) || !refused.NeedsPlan {
				t.Errorf("%s by one who may: %+v", c.line, r)
			}
		}
		if after := dump(t, b); after != before {
			t.Errorf("something was changed: %s, before %s", after, before)
		}
	})
}

// dump answers all keys and values.
func dump(t testing.TB, b *bench) string {
	t.Helper()
	keys := redistest.Keys(t, b.client)
	slices.Sort(keys)
	var out []string
	for _, k := range keys {
		out = append(out, k+"="+b.client.Get(t.Context(), k).Val())
	}
	return strings.Join(out, " ")
}

// TestOwnKeysAreNobodysToChange holds that no right lets a typed command touch
// what belongs to Helix.
func TestOwnKeysAreNobodysToChange(t *testing.T) {
	server := redistest.Any(t)
	b := newBench(t, server.URL())
	b.must(t, "SET", "a", "v")
	for _, line := range []string{
		"set {helix}:config 1", "del {helix}:config", "hset {helix}:config a b", "rename a {helix}:config", "copy a {helix}:x",
		"rename {helix}:config a", "expire helix:index:x 1", "sort a store {helix}:x", "sunionstore helix:x a", "publish {helix}:events x",
		"-n 3 set {helix}:config 1", "lmove a helix:b left right", "georadius a 1 1 1 km store {helix}:g", "del a {helix}:config",
	} {
		if server.Cluster && strings.HasPrefix(line, "-n ") {
			continue // there is one database
		}
		var refused *guard.Refused
		r := b.do(t, everyone, strings.Fields(line)...)
		if !errors.As(r.err, &refused) || refused.NeedsPlan || !strings.Contains(r.err.Error(), "belong to Helix") {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

// TestNarrowedCallersSeeOnlyTheirKeys holds a grant for session:* to it.
func TestNarrowedCallersSeeOnlyTheirKeys(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, k := range []string{"session:1", "session:2", "secret:1", "other"} {
			b.must(t, "SET", k, "v")
		}
		for _, c := range []struct{ line, want string }{
			{"keys *", "session:1\nsession:2\n"}, {"--scan", "session:1\nsession:2\n"}, {"keys s*1", "session:1\n"}, {"--scan --pattern secret*", ""},
			{"get session:1", "v\n"}, {"mget session:1 session:2", "v\nv\n"}, {"exists session:1 session:9", "1\n"}, {"dbsize", "4\n"}, {"keys other", ""},
		} {
			if r := b.do(t, as("narrow"), strings.Fields(c.line)...); r.err != nil || sortedLines(r.stdout) != sortedLines(c.want) {
				t.Errorf("%s: %+v, want %q", c.line, r, c.want)
			}
		}
		for _, line := range []string{
			"get secret:1", "mget session:1 secret:1", "ttl other", "exists session:1 other", "type other", "strlen other", "memory usage other", "object idletime other",
			"randomkey", "slowlog get",
		} {
			var denied *permissions.Denied
			var refused *guard.Refused
			if r := b.do(t, as("narrow"), strings.Fields(line)...); !errors.As(r.err, &denied) && !errors.As(r.err, &refused) || r.stdout != "" {
				t.Errorf("%s: %+v", line, r)
			}
		}
		for i := range 9 { // a number of ten keys would be set one column further right
			b.must(t, "SET", fmt.Sprint("hidden:", i), "v")
		}
		if r := b.do(t, as("narrow"), "--no-raw", "keys", "*"); r.err != nil || !strings.HasPrefix(r.stdout, "1) ") {
			t.Errorf("the width of the numbers tells how many keys are hidden: %+v", r)
		}
		if _, cluster := b.client.(*redis.ClusterClient); cluster {
			return // it has no cursor to give
		}
		if r := b.do(t, as("narrow"), "scan", "0", "count", "1000"); r.err != nil || strings.Contains(r.stdout, "secret") || !strings.Contains(r.stdout, "session:1") {
			t.Errorf("scan: %+v", r)
		}
	})
}

func TestNarrowedCallersAndWhatNamesOtherKeys(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	b.must(t, "RPUSH", "session:l", "1", "2")
	for _, line := range []string{
		"sort session:l by secret:*", "sort session:l get secret:*", "sort_ro session:l get #  get secret:*", "pubsub channels", "object freq secret:1",
		"xread streams session:x secret:x 0 0", "zunion 2 session:z secret:z", "georadius session:g 1 1 1 km store secret:x", "lcs session:a secret:b", "cluster getkeysinslot 1 10",
	} {
		var denied *permissions.Denied
		var refused *guard.Refused
		if r := b.do(t, as("narrow"), strings.Fields(line)...); !errors.As(r.err, &denied) && !errors.As(r.err, &refused) || r.stdout != "" {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

func TestUnknownCommandsAreRefusedWithASuggestion(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, c := range []struct{ line, suggestion string }{
			{"gte k", "redis get"}, {"dbsise", "redis dbsize"}, {"qqqqqqqq", ""}, {"config gte x", "redis config get"}, {"hgetal h", "redis hgetall"},
		} {
			var unknown *guard.UnknownCommand
			r := b.do(t, everyone, strings.Fields(c.line)...)
			if !errors.As(r.err, &unknown) || unknown.Suggestion != c.suggestion {
				t.Errorf("%s: %v, want %q", c.line, r.err, c.suggestion)
			}
			if err := b.Check(t.Context(), everyone, literals(c.line)); !errors.As(err, &unknown) {
				t.Errorf("%s: preflight answers %v", c.line, err)
			}
		}
	})
}

// TestPreflight holds what is known before anything runs.
func TestPreflight(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	for _, c := range []struct {
		role, line string // a word $x is not known yet
		ok         bool
	}{
		{"reader", "get k", true}, {"reader", "get $x", true}, {"reader", "$x", true}, {"reader", "", true}, {"reader", "--scan --pattern $x", true},
		{"reader", "del $x", false}, {"reader", "set k v", false}, {"reader", "shutdown", false}, {"reader", "-h x", false}, {"reader", "nonsense $x", false},
		{"narrow", "get session:1", true}, {"narrow", "get secret", false}, {"narrow", "get $x", true}, {"narrow", "mget session:1 $x", true}, {"narrow", "mget secret $x", false},
		{"narrow", "randomkey", false}, {"narrow", "keys $x", true}, {"writer", "expire $x 10", true}, {"reader", "expire $x 10", false},
	} {
		err := b.Check(t.Context(), as(c.role), literals(c.line))
		if (err == nil) != c.ok {
			t.Errorf("%s by %s: %v", c.line, c.role, err)
		}
	}
}

func literals(line string) []guard.Literal {
	var list []guard.Literal
	for _, w := range strings.Fields(line) {
		list = append(list, guard.Literal{Text: w, Known: !strings.HasPrefix(w, "$")})
	}
	return list
}

// TestParametersAreNoCommands holds what tells a pasted line of a redis.conf
// from a command: but for SAVE, which takes no arguments, no name is both.
func TestParametersAreNoCommands(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	names, err := b.Commands(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if guard.IsParameter(name) != (name == "save") {
			t.Errorf("%s is a parameter: %v", name, guard.IsParameter(name))
		}
	}
	if !guard.IsParameter("MaxMemory") || guard.IsParameter("requirepass") || guard.IsParameter("dir") || guard.IsParameter("") {
		t.Error("what may be set is told wrong")
	}
}
