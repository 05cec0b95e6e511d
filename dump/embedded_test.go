package dump

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/embedded"
)

func embeddedClient(t *testing.T) *redis.Client {
	t.Helper()
	s, err := embedded.Start(context.Background(), embedded.Options{})
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

func TestDumpsOfTheEmbeddedRedis(t *testing.T) {
	c := embeddedClient(t)
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
			do(t, c, "FLUSHALL")
			do(t, c, named(row.make, "one"), named(row.again, "other"))
			one, other := digestOf(t, dumped(t, c, "one")), digestOf(t, dumped(t, c, "other"))
			if one != other {
				t.Errorf("%x and %x", one, other)
			}
			restore(t, c, "copy", dumped(t, c, "one"))
			if restored := digestOf(t, dumped(t, c, "copy")); restored != one {
				t.Errorf("restored: %x, then %x", one, restored)
			}
			do(t, c, named(row.change, "one"))
			if changed := digestOf(t, dumped(t, c, "one")); changed == one {
				t.Errorf("changed: still %x", one)
			}
		})
	}
}

func TestDamagedDumpsOfTheEmbeddedRedis(t *testing.T) {
	c := embeddedClient(t)
	do(t, c, "SET k v")
	whole := dumped(t, c, "k")
	whole[len(whole)-3] ^= 1
	for _, damaged := range [][]byte{whole, whole[:20], []byte(embeddedMark)} {
		if _, err := Digest(damaged); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", damaged, err)
		}
	}
}
