package guard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
)

// large fills a server with what is too large to be read at once.
func large(t testing.TB, b *bench) {
	t.Helper()
	pipe := b.client.Pipeline()
	for i := range 20000 {
		m := fmt.Sprintf("m%05d", i)
		pipe.HSet(t.Context(), "H", m, i)
		pipe.SAdd(t.Context(), "S", m)
		pipe.SAdd(t.Context(), "S2", m)
		pipe.RPush(t.Context(), "L", m)
		pipe.Do(t.Context(), "ZADD", "Z", i, m)
		if i < 6000 {
			pipe.Do(t.Context(), "XADD", "X", fmt.Sprintf("%d-1", i+1), "f", m)
		}
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.must(t, "SET", "V", strings.Repeat("0123456789abcdef", 200<<10)) // 3.2 MB
	b.must(t, "HSET", "wide", "small", "x", "big", strings.Repeat("y", 3<<20))
	b.must(t, "HSET", "mids", "mid", strings.Repeat("z", 100<<10))
	b.must(t, "CONFIG", "SET", "hll-sparse-max-bytes", 0)
	b.must(t, "XGROUP", "CREATE", "X", "g", "0")
	b.must(t, "XREADGROUP", "GROUP", "g", "c", "STREAMS", "X", ">")
	b.must(t, "PFADD", "hll", "a")
}

// TestLargeValuesAreReadInParts compares what is paged with redis-cli, and
// holds that the server was never asked for all at once.
func TestLargeValuesAreReadInParts(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	large(t, b)
	for _, c := range []struct {
		line    string
		ordered bool
		asks    string // commands that the server must not have seen
	}{
		{"hgetall H", false, "hgetall"}, {"hkeys H", false, "hkeys"}, {"hvals H", false, "hvals"}, {"smembers S", false, "smembers"},
		{"get V", true, "get"}, {"getrange V 5 -7", true, ""}, {"lrange L 0 -1", true, ""}, {"lrange L 100 -100", true, ""},
		{"zrange Z 0 -1", true, ""}, {"zrange Z 0 -1 withscores", true, ""}, {"zrange Z 10 18000 rev", true, ""}, {"zrevrange Z 0 -1", true, ""},
		{"--no-raw lrange L 0 -1", true, ""}, {"--json lrange L 0 -1", true, ""}, {"--csv lrange L 0 -1", true, ""}, {"--json get V", true, "get"},
		{"--no-raw get V", true, "get"}, {"--csv zrange Z 0 -1 withscores", true, ""}, {"-3 zrange Z 0 -1 withscores", true, ""},
	} {
		b.must(t, "CONFIG", "RESETSTAT")
		ours := b.do(t, everyone, strings.Fields(c.line)...)
		stats, err := b.client.Info(t.Context(), "commandstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		theirs := redisCLI(t, server.Addr, strings.Fields(c.line)...)
		want, got := theirs.stdout, ours.stdout
		if !c.ordered {
			want, got = sortedLines(want), sortedLines(got)
		}
		if ours.err != nil || got != want {
			t.Errorf("%s: %v; %d bytes, want %d", c.line, ours.err, len(got), len(want))
		}
		if c.asks != "" && strings.Contains(stats, "cmdstat_"+c.asks+":") {
			t.Errorf("%s: the server was asked for all at once", c.line)
		}
	}
}

// TestLargeValuesThatCannotBePagedAreRefused holds that the reason and a way
// out are told, and what is small in the same keys still runs.
func TestLargeValuesThatCannotBePagedAreRefused(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	large(t, b)
	for _, line := range []string{
		"sort L", "sort L alpha limit 0 10", "sort_ro L", "sinter S S2", "sunion S S2", "sdiff S S2", "sintercard 2 S S2", "zunion 2 Z Z", "zdiff 2 Z Z", "zinter 2 Z Z",
		"zrangebyscore Z -inf +inf", "zrange Z -inf +inf byscore", "zrangebylex Z - +", "xrange X - +", "xread streams X 0", "dump V", "dump H", "bitcount V", "bitpos V 1",
		"hget wide big", "hmget wide small big", "mget s V", "srandmember S -100000", "hrandfield H 10000", "lpos L m19999", "memory usage H samples 0",
		"geosearch Z fromlonlat 1 1 byradius 1 km", "hscan H 0 count 100000", "lcs V V", "slowlog get -1",
		// an option said twice, or the same word where it is none; what 0 means; what is passed over
		"hscan H 0 match count count 100000", "sscan S 0 count 1 count 100000", "zscan Z 0 count 100000 count 1", "xrange X - + count 5 count 6000",
		"xread count 0 streams X 0", "xread count 1 count 0 streams X 0", "xread streams count X 5 0", "lpos L maxlen rank 1", "lpos L zz maxlen 0", "lpos L zz maxlen 9 maxlen 0",
		"zrangebyscore Z -inf +inf limit 0 1 limit 0 -1", "zrangebylex Z - + limit 100000000 1", "zrange Z -inf +inf byscore limit 19000000 1",
		"memory usage H samples 5 samples 0", "xpending X g - + 6000", "xpending X g idle 1 - + 1",
		"hmget mids" + strings.Repeat(" mid", 50), "pfcount" + strings.Repeat(" hll", 500), "lolwut version 6 1000 1000",
	} {
		var refused *guard.Refused
		if r := b.do(t, everyone, strings.Fields(line)...); !errors.As(r.err, &refused) || refused.NeedsPlan || r.stdout != "" {
			t.Errorf("%s: %v, %.100q", line, r.err, r.stdout)
		}
	}
	for _, line := range []string{
		"hlen H", "hget H m00001", "hget wide small", "scard S", "sismember S m00001", "llen L", "lindex L 5", "zcard Z", "zscore Z m00001", "zrange Z 0 10", "lrange L 0 10",
		"zrangebyscore Z 5 10 limit 0 5", "xlen X", "xrange X - + count 5", "xread count 5 streams X 0", "ttl V", "strlen V", "getrange V 0 10", "type V", "memory usage H",
		"xpending X g", "xpending X g - + 5", "zrangebyscore Z -inf +inf limit 10000 5", "hscan H 0 match count count 10", "pfcount hll hll", "lolwut version 6 10 10",
		"srandmember S 5", "hscan H 0 count 10", "lpos L m00005 maxlen 1000", "exists V H", "object encoding V", "xinfo stream X",
	} {
		if r := b.do(t, everyone, strings.Fields(line)...); r.err != nil || r.stdout == "" || strings.Contains(r.stdout, "ERR") {
			t.Errorf("%s: %v, %.100q", line, r.err, r.stdout)
		}
	}
}

// TestALargeKeyOfAnotherTypeIsNamedAsSuch holds that the server's own words
// come, since it says them at once.
func TestALargeKeyOfAnotherTypeIsNamedAsSuch(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	large(t, b)
	for _, line := range []string{
		"get H", "--no-raw get H", "--json get S", "hgetall S", "hgetall L", "hkeys V", "--no-raw hvals Z", "smembers H", "--json smembers L", "lrange H 0 -1",
		"--json zrange S 0 -1", "lpos S x", "xrange L - +", "zrangebyscore S 0 1", "bitcount H", "hscan S 0 count 100000", "geosearch H fromlonlat 1 1 byradius 1 km",
	} {
		args := strings.Fields(line)
		ours, theirs := b.do(t, everyone, args...), redisCLI(t, server.Addr, args...)
		if ours.err != nil || ours.stdout != theirs.stdout || !strings.Contains(ours.stdout, "WRONGTYPE") {
			t.Errorf("%s: %v, %q; want %q", line, ours.err, ours.stdout, theirs.stdout)
		}
	}
}

// TestATypedScanStaysShort holds that no COUNT among its words gets past the
// bound.
func TestATypedScanStaysShort(t *testing.T) {
	b := newBench(t, redistest.Standalone(t, "--enable-debug-command", "yes").URL())
	b.must(t, "DEBUG", "POPULATE", 20000)
	for _, line := range []string{"scan 0 count 20000", "scan 0 match count count 20000", "scan 0 count 1 count 20000", "scan 0 COUNT 1 match * COUNT 20000"} {
		r := b.do(t, everyone, strings.Fields(line)...)
		if cursor, _, _ := strings.Cut(r.stdout, "\n"); r.err != nil || cursor == "0" || strings.Count(r.stdout, "\n") > 1500 {
			t.Errorf("%s: %v, %d lines", line, r.err, strings.Count(r.stdout, "\n"))
		}
	}
}

// discard throws output away and notes the most memory in use meanwhile.
type discard struct {
	lines int
	most  uint64
}

func (d *discard) look() {
	d.lines++
	if d.lines%1000 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		d.most = max(d.most, m.HeapAlloc)
	}
}

func (d *discard) Write(p []byte) (int, error)   { d.look(); return len(p), nil }
func (d *discard) WriteKey(text, _ []byte) error { d.look(); return nil }
func (d *discard) Flush() error                  { return nil }
func (d *discard) Gone() <-chan struct{}         { return nil }

func TestMemoryStaysBoundedWhateverIsRead(t *testing.T) {
	b := newBench(t, redistest.Standalone(t, "--enable-debug-command", "yes").URL())
	b.must(t, "SET", "huge", strings.Repeat("x", 60<<20))
	b.must(t, "DEBUG", "POPULATE", 200000, "session:user", 20)
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // what is in use counts, hardly what waits to be collected
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, line := range []string{"get huge", "keys *", "--scan --pattern session:*"} {
		d := &discard{}
		if _, err := b.Do(t.Context(), everyone, strings.Fields(line), d, d); err != nil {
			t.Fatal(err)
		}
		if d.most > before.HeapAlloc+48<<20 {
			t.Errorf("%s: %d MiB more were in use", line, (d.most-before.HeapAlloc)>>20)
		}
	}
}

func TestBatchesEqualSingleCalls(t *testing.T) {
	eachAlone(t, func(t *testing.T, b *bench) {
		var batch [][]string
		for i := range 600 {
			k := fmt.Sprintf("session:user:%d", i)
			b.must(t, "SETEX", k, 1000, fmt.Sprintf("value %d", i))
			batch = append(batch, []string{"get", k}, []string{"exists", k}, []string{"--no-raw", "strlen", k})
		}
		batch = append(batch, []string{"get"}, []string{"mget", "session:user:1", "nothing"}, []string{"keys", "session:user:59?"},
			[]string{"-n"}, []string{"-e", "llen", "session:user:1"}, []string{"-n", "1", "dbsize"}, []string{"dbsize"})
		var single, together sink
		var singleErr, togetherErr bytes.Buffer
		first := 0
		for _, args := range batch {
			status, err := b.Do(t.Context(), everyone, args, &single, &singleErr)
			if err != nil {
				t.Fatalf("%q: %v", args, err)
			}
			if first == 0 {
				first = status
			}
		}
		status, err := b.DoBatch(t.Context(), everyone, batch, &together, &togetherErr)
		if err != nil || status != first {
			t.Errorf("status %d, %v; want %d", status, err, first)
		}
		if single.String() != together.String() || singleErr.String() != togetherErr.String() || !slices.Equal(single.keys, together.keys) {
			t.Error("the output differs")
		}
	})
}

// TestABatchEndsAtTheFirstRefusal holds that what came before it is printed,
// and what comes after does not run.
func TestABatchEndsAtTheFirstRefusal(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.must(t, "SET", "session:1", "one")
		b.must(t, "SET", "other", "two")
		var out sink
		var stderr bytes.Buffer
		_, err := b.DoBatch(t.Context(), as("narrow"), [][]string{{"get", "session:1"}, {"get", "other"}, {"get", "session:1"}}, &out, &stderr)
		if err == nil || out.String() != "one\n" {
			t.Errorf("%v, %q", err, out.String())
		}
	})
}

func TestBatchesArePipelined(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	var batch [][]string
	for i := range 2000 {
		k := fmt.Sprintf("k%d", i)
		b.must(t, "SET", k, "v")
		batch = append(batch, []string{"ttl", k})
	}
	server.Pause()
	time.AfterFunc(300*time.Millisecond, server.Resume) // a round trip that takes long
	start := time.Now()
	if _, err := b.DoBatch(t.Context(), everyone, batch, &sink{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("2000 calls took %s", took)
	}
}

func TestTheEndOfTheContextEndsACallAtOnce(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	b.must(t, "SET", "k", "v")
	b.do(t, everyone, "get", "k") // the command table is known
	for _, line := range []string{"get k", "keys *", "dbsize", "info", "mget k k", "--scan"} {
		server.Pause()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		_, err := b.Do(ctx, everyone, strings.Fields(line), &sink{}, &bytes.Buffer{})
		took := time.Since(start)
		cancel()
		server.Resume()
		if !errors.Is(err, context.DeadlineExceeded) || took > time.Second {
			t.Errorf("%s: %v after %s", line, err, took)
		}
		b.must(t, "PING")
	}
}
