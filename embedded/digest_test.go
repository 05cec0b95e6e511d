package embedded_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/embedded"
)

func emptyRedis(t *testing.T) *redis.Client {
	t.Helper()
	s, err := embedded.Start(context.Background(), embedded.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	t.Cleanup(func() {
		if err := errors.Join(c.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// play runs lines of commands, words separated by blanks.
func play(t *testing.T, c *redis.Client, lines ...string) {
	t.Helper()
	for _, line := range lines {
		var words []any
		for _, w := range strings.Fields(line) {
			words = append(words, w)
		}
		if err := c.Do(t.Context(), words...).Err(); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

func dumped(t *testing.T, c *redis.Client, key string) []byte {
	t.Helper()
	payload, err := c.Dump(t.Context(), key).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func digestOf(t *testing.T, payload []byte) dump.Sum {
	t.Helper()
	sum, err := dump.Digest(payload)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// A string in the form of a real Redis is the same string here.
func TestRestoreTakesAStringOfARealRedis(t *testing.T) {
	c := emptyRedis(t)
	payload := dump.OfString([]byte("a text"))
	if err := c.RestoreReplace(t.Context(), "k", 0, string(payload)).Err(); err != nil {
		t.Fatal(err)
	}
	if got := c.Get(t.Context(), "k").Val(); got != "a text" {
		t.Errorf("it holds %q", got)
	}
	if digestOf(t, dumped(t, c, "k")) != digestOf(t, payload) {
		t.Error("the digests differ")
	}
}

func TestDumpsHaveDigests(t *testing.T) {
	c := emptyRedis(t)
	for _, row := range []struct{ name, make, again, change string }{
		{"text", "SET # v", "SET # v", "APPEND # w"},
		{"list", "RPUSH # a b c", "RPUSH # a b c", "RPUSH # d"},
		{"set", "SADD # a b c d e", "SADD # e d c b a", "SREM # c"},
		{"hash", "HSET # a 1 b 2 c 3", "HSET # c 3 b 2 a 1", "HSET # b 3"},
		{"zset", "ZADD # 1 a 2 b 2 c", "ZADD # 2 c 2 b 1 a", "ZADD # 1.5 a"},
		{"stream", "XADD # 1-1 f v", "XADD # 1-1 f v", "XADD # 2-1 f v"},
	} {
		t.Run(row.name, func(t *testing.T) {
			named := func(line, key string) string { return strings.Replace(line, "#", key, 1) }
			play(t, c, "FLUSHALL")
			play(t, c, named(row.make, "one"), named(row.again, "other"))
			one, other := digestOf(t, dumped(t, c, "one")), digestOf(t, dumped(t, c, "other"))
			if one != other {
				t.Errorf("%x and %x", one, other)
			}
			if err := c.RestoreReplace(t.Context(), "copy", 0, string(dumped(t, c, "one"))).Err(); err != nil {
				t.Fatal(err)
			}
			if restored := digestOf(t, dumped(t, c, "copy")); restored != one {
				t.Errorf("restored: %x, then %x", one, restored)
			}
			play(t, c, named(row.change, "one"))
			if changed := digestOf(t, dumped(t, c, "one")); changed == one {
				t.Errorf("changed: still %x", one)
			}
		})
	}
}

func TestDamagedDumpsHaveNoDigest(t *testing.T) {
	c := emptyRedis(t)
	play(t, c, "SET k v")
	whole := dumped(t, c, "k")
	whole[len(whole)-3] ^= 1
	for _, damaged := range [][]byte{whole, whole[:20], []byte("embedded-dump-1\n")} {
		if _, err := dump.Digest(damaged); !errors.Is(err, dump.ErrDamaged) {
			t.Errorf("%q: %v", damaged, err)
		}
	}
}
