package guard_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// zoo fills a server with values of every type, awkward ones among them.
func zoo(t testing.TB, b *bench) {
	t.Helper()
	for _, args := range [][]any{
		{"SET", "s", "value"},
		{"SET", "empty", ""},
		{"SET", "binary", "a\x00\xff\"\\\n\r\t\a\b\x1bz"},
		{"SET", "utf8", "häß 漢字 🙂"},
		{"SET", "lines", "a\nb\n"},
		{"SET", "number", "42"},
		{"SET", "other", "vulue"},
		{"SETEX", "short", 1000, "x"},
		{"SET", "key with space", "x"},
		{"SET", "key\nbreak", "x"},
		{"SETBIT", "bits", 7, 1},
		{"RPUSH", "l", "a", "b", "c", "d", "", "e\"f"},
		{"SADD", "one", "only"},
		{"SADD", "ints", 1, 2, 3},
		{"SADD", "ints2", 2, 3, 4},
		{"HSET", "h", "f", "1", "g", "two words", "", "empty"},
		{"ZADD", "z", 1, "a", 2.5, "b", "inf", "c", -0.1, "d"},
		{"ZADD", "names", 0, "ann", 0, "bob", 0, "cid"},
		{"XADD", "x", "1-1", "f", "v", "g", "w"},
		{"XADD", "x", "2-1", "f", "v2"},
		{"XGROUP", "CREATE", "x", "grp", "0"},
		{"GEOADD", "geo", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"},
		{"PFADD", "hll", "a", "b", "c"},
	} {
		b.must(t, args...)
	}
}

// reads are calls that must answer as redis-cli does, byte for byte.
var reads = []string{
	// strings
	"get s", "get empty", "get binary", "get utf8", "get lines", "get nothing", "get l",
	"getrange s 1 3", "getrange s -3 -1", "getrange nothing 0 1", "substr s 0 2", "strlen s", "strlen nothing",
	"mget s nothing l number", "getbit bits 7", "bitcount s", "bitcount s 0 1", "bitpos bits 1",
	"lcs s other", "lcs s other len", "lcs s other idx",
	// keys
	"exists s", "exists s s nothing", "type s", "type l", "type nothing", "ttl nothing", "ttl s", "pttl s",
	"expiretime s", "pexpiretime nothing", "object encoding s", "object encoding l", "object refcount s",
	"object freq s", "object help", "touch s nothing", "dump nothing", "memory usage nothing", "randomkey nope",
	"keys s", "keys nope*", "keys one*", "keys n*r", "keys key*space", "keys", "keys a b", "scan 0 match short count 10000",
	"scan 0 match nope* count 10000", "scan nonsense", "sort ints", "sort ints desc limit 0 2", "sort names alpha",
	"sort_ro ints", "sort l alpha", "sort s",
	// lists
	"llen l", "llen nothing", "llen s", "lindex l 0", "lindex l -1", "lindex l 99", "lrange l 0 -1", "lrange l 1 2",
	"lrange nothing 0 -1", "lrange l x y", "lpos l c", "lpos l zz", "lpos l c count 0",
	// sets
	"scard ints", "sismember ints 2", "smismember ints 2 9", "smembers one", "smembers ints", "smembers nothing", "smembers s",
	"sinter ints ints2", "sunion ints ints2", "sdiff ints ints2", "sintercard 2 ints ints2", "srandmember one", "srandmember one 1", "sscan one 0",
	// hashes
	"hget h f", "hget h nothing", "hget nothing f", "hmget h f nothing g", "hgetall h", "hgetall nothing", "hkeys h", "hvals h",
	"hlen h", "hexists h f", "hstrlen h g", "hrandfield nothing", "hscan h 0", "hgetall s", "hget h",
	// sorted sets
	"zcard z", "zscore z b", "zscore z c", "zscore z nothing", "zmscore z a nothing", "zrange z 0 -1", "zrange z 0 -1 withscores",
	"zrange z 0 0 rev", "zrange z (1 +inf byscore", "zrange z -inf +inf byscore limit 0 2 withscores", "zrange names [b + bylex",
	"zrevrange z 0 -1 withscores", "zrangebyscore z 1 2.5 withscores", "zrevrangebyscore z +inf -inf", "zrangebylex names - +",
	"zrank z b", "zrank z nothing", "zrevrank z a", "zcount z 1 2", "zlexcount names - +", "zscan z 0", "zdiff 2 z names",
	"zinter 2 z names withscores", "zunion 2 names z", "zintercard 2 z names", "zrandmember nothing",
	// streams
	"xlen x", "xrange x - +", "xrange x - + count 1", "xrevrange x + -", "xread count 2 streams x 0", "xread streams nothing 0",
	"xinfo stream x", "xinfo groups x", "xinfo consumers x grp", "xinfo stream nothing", "xpending x grp", "xinfo help",
	// the rest
	"geopos geo Palermo nothing", "geodist geo Palermo Catania km", "geohash geo Palermo", "geosearch geo fromlonlat 15 37 byradius 200 km asc",
	"georadius_ro geo 15 37 200 km", "pfcount hll", "bitfield_ro bits get u8 0", "bitfield bits get u8 0",
	"dbsize", "ping", "ping hello", "echo two", "echo", "config get maxmemory", "config get nothing", "config get maxmemory*", "config get timeout hz",
	"config get", "config", "info nothing", "command count", "command info get", "command info nothing",
	"slowlog len", "slowlog get 0", "latency latest", "cluster keyslot foo", "cluster info", "client id x", "acl whoami",
	"pubsub channels", "pubsub numpat", "pubsub numsub a b", "role", "get", "get a b", "memory doctor", "-n 1 dbsize", "-n 0 get s",
}

// shapes are the forms of output that every read is compared in.
var shapes = [][]string{
	nil, {"--no-raw"}, {"--csv"}, {"--json"}, {"--quoted-json"}, {"-3"}, {"-3", "--no-raw"}, {"-3", "--csv"},
	{"-d", ";"}, {"-D", "|\n"}, {"-e"},
}

// TestOutputIsRedisCLIs holds every form of every read against redis-cli.
func TestOutputIsRedisCLIs(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	zoo(t, b)
	for _, shape := range shapes {
		t.Run(strings.Join(append([]string{"as"}, shape...), " "), func(t *testing.T) {
			for _, line := range reads {
				args := append(slices.Clone(shape), strings.Fields(line)...)
				ours, theirs := b.do(t, everyone, args...), redisCLI(t, server.Addr, args...)
				if ours.err != nil {
					t.Errorf("%s: %v; redis-cli says %q", line, ours.err, theirs.stdout)
					continue
				}
				if !alike(line, ours.stdout, theirs.stdout) || ours.status != theirs.status || ours.stderr != theirs.stderr {
					t.Errorf("%s:\nours   %q %q (%d)\ntheirs %q %q (%d)", line, ours.stdout, ours.stderr, ours.status, theirs.stdout, theirs.stderr, theirs.status)
				}
			}
		})
	}
}

// nothingFound are calls where redis-cli prints an empty line, and Helix
// nothing: what stands behind a pipe would take that line for a key.
var nothingFound = []string{"keys nope*"}

var moving = regexp.MustCompile(`[0-9]+`)

// alike compares outputs. The order of KEYS is the server's own to choose, and
// some figures move.
func alike(line, ours, theirs string) bool {
	switch {
	case slices.Contains(nothingFound, line) && strings.TrimSpace(theirs) == "":
		return strings.TrimSpace(ours) == ""
	case strings.HasPrefix(line, "client id"), strings.HasPrefix(line, "role"), strings.HasPrefix(line, "memory"):
		return moving.ReplaceAllString(ours, "N") == moving.ReplaceAllString(theirs, "N")
	}
	return ours == theirs
}

// TestScanning holds --scan against redis-cli's.
func TestScanning(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	zoo(t, b)
	for i := range 3000 {
		b.must(t, "SET", fmt.Sprintf("session:user:%d:x", i), "v")
	}
	for _, args := range [][]string{
		{"--scan"},
		{"--scan", "--pattern", "session:user:1*"},
		{"--scan", "--pattern", "nope*"},
		{"--scan", "--pattern", ""},
		{"--show-pushes", "no", "--verbose", "--pattern", "session:user:1*", "--scan"},
		{"--no-raw", "--scan", "--pattern", "k*"},
		{"--scan", "--no-raw", "--pattern", "session:user:2?:x"},
		{"KEYS", "session:user:*"},
		{"--csv", "KEYS", "session:user:12"},
	} {
		ours, theirs := b.do(t, everyone, args...), redisCLI(t, server.Addr, args...)
		if ours.err != nil || sortedLines(ours.stdout) != sortedLines(theirs.stdout) || ours.status != theirs.status {
			t.Errorf("%q: %v\nours   %.200q\ntheirs %.200q", args, ours.err, ours.stdout, theirs.stdout)
		}
	}
}

// TestQuotedInput holds words in quotes against redis-cli's reading of them. Its
// complaints go to standard output, and its --scan cuts keys at a null byte.
func TestQuotedInput(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	zoo(t, b)
	b.must(t, "SET", "x\x00\n", "nul")
	b.must(t, "SET", "", "nameless")
	for _, word := range []string{
		`s`, `"s"`, `'s'`, `"x\x00\n"`, `"x\0"`, `"\x73"`, `"\xzz"`, `"\x7`, `'\x73'`, `'it\'s'`, `"a\"b\r\t\b\a\\"`, `a\n`, ` s `, `s s`, ``, `""`, `"`, `'`, `"s`, `"s"s`, `s"s"`, `"s" `, "s\v",
		`"key with space"`, `"key\nbreak"`, `"\`,
	} {
		for _, args := range [][]string{{"--quoted-input", "get", word}, {"--quoted-input", "--no-raw", "echo", word}, {"--scan", "--quoted-pattern", word}} {
			ours, theirs := b.do(t, everyone, args...), redisCLI(t, server.Addr, args...)
			got, want := ours.stdout+ours.stderr, theirs.stdout+theirs.stderr
			if args[0] == "--scan" {
				got, _, _ = strings.Cut(got, "\x00")
				got, want = strings.TrimSpace(got), strings.TrimSpace(want)
			}
			if ours.err != nil || got != want || ours.status != theirs.status {
				t.Errorf("%q: %v\nours   %q (%d)\ntheirs %q (%d)", args, ours.err, got, ours.status, want, theirs.status)
			}
		}
	}
}

// redis-cli has --type and --count only from 7.2 on.
func TestScanningByTypeAndCount(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.must(t, "HSET", "h", "f", "v")
		b.must(t, "SET", "s", "v")
		for _, c := range []struct{ args, want string }{
			{"--scan --type hash", "h\n"},
			{"--scan --type STRING --count 10", "s\n"},
			{"--scan --pattern ? --count 1", "h\ns\n"},
			{"--scan --count 0", ""},
			{"--scan --pattern", ""},
		} {
			r := b.do(t, everyone, strings.Fields(c.args)...)
			if r.err != nil || sortedLines(r.stdout) != sortedLines(c.want) || (r.status == 0) != (c.want != "") {
				t.Errorf("%s: %+v", c.args, r)
			}
		}
	})
}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
