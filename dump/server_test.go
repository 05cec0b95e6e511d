package dump

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/internal/redistest"
)

// many repeats a pattern with the numbers from 0 to n-1.
func many(n int, pattern string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(pattern, "#", fmt.Sprint(i)))
	}
	return b.String()
}

// value is how to make one, and further commands of which each changes it.
type value struct {
	name    string
	make    []string
	changes []string
}

func values() []value {
	compressible := strings.Repeat("abcdefgh", 64)
	return []value{
		{"text", []string{"SET k hello"}, []string{"APPEND k x", "SETRANGE k 0 H"}},
		{"integer", []string{"SET k -1234567"}, []string{"INCR k"}},
		{"compressed", []string{"SET k " + compressible + compressible}, []string{"SETRANGE k 700 z", "APPEND k h"}},
		{"large", []string{"SET k " + strings.Repeat(compressible, 200)}, []string{"SETRANGE k 99000 z"}},
		{"hyperloglog", []string{"PFADD k a b c"}, []string{"PFADD k d"}},
		{"list", []string{"RPUSH k a 12 -7 300 70000 5000000000 " + strings.Repeat("w", 70)}, []string{"LSET k 1 13", "RPUSH k z", "LPOP k", "LSET k -1 v"}},
		{"list-of-numbers", []string{"RPUSH k -1 0 127 128 4095 4096 -4096 -4097 32767 32768 8388607 8388608 2147483648 -9223372036854775808"}, []string{"LSET k 13 0"}},
		{"long-list", []string{"RPUSH k" + many(5000, " element-#")}, []string{"LSET k 2500 other", "LPUSH k element-0", "RPOP k"}},
		{"list-of-long", []string{"RPUSH k" + many(4, " #"+strings.Repeat("x", 9000))}, []string{"LSET k 2 " + strings.Repeat("x", 9001)}},
		{"intset", []string{"SADD k 1 2 3 -70000"}, []string{"SADD k 4", "SREM k 1"}},
		{"set", []string{"SADD k a b c 1 2"}, []string{"SADD k d", "SREM k a"}},
		{"large-set", []string{"SADD k" + many(3000, " member-#"), "SADD k 5 -12"}, []string{"SADD k x", "SREM k member-77"}},
		{"hash", []string{"HSET k f v n 12 empty-ish 0"}, []string{"HSET k f w", "HDEL k f", "HSET k g v", "HINCRBY k n 1"}},
		{"large-hash", []string{"HSET k" + many(1000, " field-# "+compressible+"#")}, []string{"HSET k field-500 x", "HDEL k field-3"}},
		{"zset", []string{"ZADD k 1 a 2.5 b -inf c +inf d 1e300 e -0 f"}, []string{"ZADD k 3 a", "ZREM k b", "ZADD k 0 c", "ZINCRBY k 1 f"}},
		{"large-zset", []string{"ZADD k" + many(1000, " #.25 member-#")}, []string{"ZADD k 0.1 member-7", "ZREM k member-9"}},
		{"stream", []string{"XADD k 1-1 a 1 b two", "XADD k 2-1 a 3 b four", "XADD k 3-1 other x", "XDEL k 2-1"},
			[]string{"XADD k 9-1 a 1", "XDEL k 1-1", "XSETID k 10-1", "XGROUP CREATE k g 0"}},
		{"long-stream", []string{"XADD k 1-1 f v"}, []string{"XTRIM k MAXLEN = 0"}},
		{"stream-of-long", longEntries(), []string{"XADD k 99-1 f v"}},
		{"groups", []string{"XADD k 1-1 a 1", "XADD k 2-1 a 1", "XADD k 3-1 a 1", "XGROUP CREATE k g 0", "XGROUP CREATE k h 1-1",
			"XREADGROUP GROUP g me COUNT 2 STREAMS k >", "XREADGROUP GROUP h you COUNT 1 STREAMS k >"},
			[]string{"XACK k g 1-1", "XGROUP CREATECONSUMER k g other", "XGROUP SETID k h 3-1", "XGROUP DESTROY k h"}},
	}
}

// longEntries make entries of such sizes that their lengths just do, and just do
// not, fit into so many bytes.
func longEntries() (commands []string) {
	for i, size := range []int{63, 64, 123, 124, 125, 126, 4095, 4096, 16376, 16377, 16378, 16379} {
		commands = append(commands, fmt.Sprintf("XADD k %d-1 f %s", i+1, strings.Repeat("x", size)))
	}
	return commands
}

// fill makes a value under the name k, and more of a stream than one node takes.
func (v value) fill(t *testing.T, c *redis.Client) {
	t.Helper()
	do(t, c, v.make...)
	if v.name != "long-stream" {
		return
	}
	_, err := c.Pipelined(context.Background(), func(p redis.Pipeliner) error {
		for i := range 400 {
			p.Do(context.Background(), "XADD", "k", fmt.Sprintf("%d-0", i+2), "field", i, "other", strings.Repeat("v", i))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEqualContentHasEqualSums(t *testing.T) {
	c := redistest.Standalone(t).Client()
	for _, v := range values() {
		t.Run(v.name, func(t *testing.T) {
			do(t, c, "FLUSHALL")
			v.fill(t, c)
			first := parsed(t, dumped(t, c, "k"))
			if again := digestOf(t, dumped(t, c, "k")); again != first {
				t.Errorf("dumped again: %x, then %x", first, again)
			}
			restore(t, c, "copy", dumped(t, c, "k"))
			if restored := digestOf(t, dumped(t, c, "copy")); restored != first {
				t.Errorf("restored: %x, then %x", first, restored)
			}
		})
	}
}

func TestEachChangeChangesTheSum(t *testing.T) {
	c := redistest.Standalone(t).Client()
	for _, v := range values() {
		t.Run(v.name, func(t *testing.T) {
			do(t, c, "FLUSHALL")
			v.fill(t, c)
			seen := []Sum{digestOf(t, dumped(t, c, "k"))}
			for _, change := range v.changes {
				do(t, c, change)
				s := digestOf(t, dumped(t, c, "k"))
				if slices.Contains(seen, s) {
					t.Errorf("%.60s: the sum has been before", change)
				}
				seen = append(seen, s)
			}
		})
	}
}

// large makes a server keep every collection in its large encoding.
var large = []string{
	"--hash-max-listpack-entries", "0", "--zset-max-listpack-entries", "0", "--set-max-intset-entries", "0",
	"--list-max-listpack-size", "1", "--rdbcompression", "no",
}

func TestSumsAreTheSameInEveryEncoding(t *testing.T) {
	compact := redistest.Standalone(t).Client()
	wide := redistest.Standalone(t, large...).Client()
	for _, v := range values() {
		if v.name == "groups" { // hold times of their own
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			do(t, compact, "FLUSHALL")
			do(t, wide, "FLUSHALL")
			v.fill(t, compact)
			v.fill(t, wide)
			if a, b := parsed(t, dumped(t, compact, "k")), parsed(t, dumped(t, wide, "k")); a != b {
				t.Errorf("%x and %x", a, b)
			}
			restore(t, wide, "k", dumped(t, compact, "k"))
			if a, b := digestOf(t, dumped(t, compact, "k")), digestOf(t, dumped(t, wide, "k")); a != b {
				t.Errorf("restored elsewhere: %x and %x", a, b)
			}
		})
	}
}

// sumOf makes a value by a command and answers its sum.
func sumOf(t *rapid.T, c *redis.Client, command string, elements []string) Sum {
	ctx, args := context.Background(), []any{command, "k"}
	for i, e := range elements {
		switch command {
		case "ZADD":
			args = append(args, len(e)*i, e)
		case "HSET":
			args = append(args, e, elements[0])
		default:
			args = append(args, e)
		}
	}
	var p *redis.StringCmd
	if _, err := c.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Del(ctx, "k")
		pipe.Do(ctx, args...)
		p = pipe.Dump(ctx, "k")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s, err := Digest([]byte(p.Val()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSumsTellElementsApart holds sums of generated collections against each
// other: equal exactly if the elements are.
func TestSumsTellElementsApart(t *testing.T) {
	compact := redistest.Standalone(t).Client()
	wide := redistest.Standalone(t, large...).Client()
	word := rapid.OneOf(rapid.StringN(1, 80, -1), rapid.Map(rapid.Int64(), func(n int64) string { return fmt.Sprint(n) }), rapid.SampledFrom([]string{"", "a", "b", "0", "1", "01"}))
	words := rapid.SliceOfNDistinct(word, 1, 12, rapid.ID)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"RPUSH", "SADD", "HSET", "ZADD"}).Draw(t, "kind")
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		of := sumOf(t, compact, kind, a)
		if other := sumOf(t, wide, kind, a); of != other {
			t.Errorf("in the large encoding: %x, %x", of, other)
		}
		if other := sumOf(t, compact, kind, append(a, "another\x00")); of == other {
			t.Errorf("one element more: %x", of)
		}
		same := slices.Equal(a, b)
		if kind == "SADD" {
			same = slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
		}
		if kind == "RPUSH" || kind == "SADD" {
			if other := sumOf(t, wide, kind, b); same != (of == other) {
				t.Errorf("of %q and %q: %x, %x", a, b, of, other)
			}
		}
	})
}

// TestEachByteOfGroupsCounts changes what stands behind a stream's entries.
func TestEachByteOfGroupsCounts(t *testing.T) {
	c := redistest.Standalone(t, large...).Client()
	for _, v := range values() {
		if v.name == "groups" {
			v.fill(t, c)
		}
	}
	payload := dumped(t, c, "k")
	body := payload[:len(payload)-footerSize]
	whole := parsed(t, payload)
	for i := bytes.IndexByte(body, packEnd) + 1; i < len(body); i++ {
		changed := bytes.Clone(body)
		changed[i] ^= 1
		if digestOf(t, sealed(string(changed), 10)) == whole {
			t.Errorf("byte %d of %d does not count", i, len(body))
		}
	}
}

func TestTheCollectionIsWhatAServerTakes(t *testing.T) {
	c := redistest.Standalone(t).Client()
	for name, payload := range collected(t) {
		restore(t, c, "k", payload)
		if a, b := parsed(t, payload), digestOf(t, dumped(t, c, "k")); a != b {
			t.Errorf("%s: %x in the collection, %x from a server", name, a, b)
		}
	}
}

// What OfString makes is what the server would have answered, as far as RESTORE
// and the digest tell.
func TestAServerTakesAStringThatWasMadeHere(t *testing.T) {
	c := redistest.Standalone(t).Client()
	for _, text := range []string{"", "12", "x", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("b", 16383), strings.Repeat("b", 16384), strings.Repeat("\x00\xff\n", 400_000)} {
		payload := OfString([]byte(text))
		if got, ok := Text(payload); !ok || string(got) != text {
			t.Fatalf("%.20q reads as %.20q, %v", text, got, ok)
		}
		restore(t, c, "k", payload)
		if got := c.Get(t.Context(), "k").Val(); got != text {
			t.Fatalf("%.20q arrives as %.20q", text, got)
		}
		if digestOf(t, dumped(t, c, "k")) != digestOf(t, payload) {
			t.Errorf("%.20q: the digests differ", text)
		}
	}
}
