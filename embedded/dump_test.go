package embedded

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// TestDumpAndRestore runs the same on a real server.
func TestDumpAndRestore(t *testing.T) {
	for name, c := range map[string]*redis.Client{
		"embedded":     connect(t, start(t, Options{Empty: true})),
		"redis-server": redistest.Standalone(t).Client(),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			c.Set(ctx, "string", "a\x00\r\n\xff", 0)
			c.Set(ctx, "empty", "", 0)
			c.HSet(ctx, "hash", "a", "1", "b", "2")
			c.RPush(ctx, "list", "b", "a", "b")
			c.SAdd(ctx, "set", "a", "b")
			c.ZAdd(ctx, "zset", redis.Z{Score: 1.5, Member: "a"}, redis.Z{Score: -2, Member: "b"})
			c.XAdd(ctx, &redis.XAddArgs{Stream: "stream", ID: "1-1", Values: []string{"f", "v"}})
			c.XAdd(ctx, &redis.XAddArgs{Stream: "stream", ID: "2-1", Values: []string{"f", "w", "g", "x"}})
			for key, read := range map[string][]any{
				"string": {"GET"}, "empty": {"GET"}, "hash": {"HMGET", "a", "b"}, "list": {"LRANGE", 0, -1},
				"set": {"SMISMEMBER", "a", "b", "c"}, "zset": {"ZRANGE", 0, -1, "WITHSCORES"}, "stream": {"XRANGE", "-", "+"},
			} {
				content := func(key string) string {
					return fmt.Sprint(c.Do(ctx, append([]any{read[0], key}, read[1:]...)...).Result())
				}
				dump, before := c.Dump(ctx, key).Val(), content(key)
				if err := c.Restore(ctx, key, 0, dump).Err(); err == nil || err.Error() != "BUSYKEY Target key name already exists." {
					t.Errorf("%s: restored over itself: %v", key, err)
				}
				must(t, c.Del(ctx, key).Err())
				must(t, c.Restore(ctx, key, time.Hour, dump).Err())
				must(t, c.RestoreReplace(ctx, key, time.Hour, dump).Err())
				if after := content(key); after != before {
					t.Errorf("%s was %s and is %s", key, before, after)
				}
				if ttl := c.PTTL(ctx, key).Val(); ttl < 59*time.Minute || ttl > time.Hour {
					t.Errorf("%s has a TTL of %v", key, ttl)
				}
				at := time.Now().Add(2 * time.Hour).UnixMilli()
				must(t, c.Do(ctx, "RESTORE", key, at, dump, "REPLACE", "ABSTTL").Err())
				if ttl := c.PTTL(ctx, key).Val(); ttl < 119*time.Minute || ttl > 2*time.Hour {
					t.Errorf("%s has a TTL of %v", key, ttl)
				}
				must(t, c.Do(ctx, "RESTORE", key, 1, dump, "REPLACE", "ABSTTL").Err())
				if c.Exists(ctx, key).Val() != 0 {
					t.Errorf("%s was to have expired long ago", key)
				}
			}
			queued, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, "k", "v", 0)
				p.Dump(ctx, "k")
				p.Unlink(ctx, "k")
				return nil
			})
			must(t, err)
			must(t, c.Restore(ctx, "k2", 0, queued[1].(*redis.StringCmd).Val()).Err())
			if v := c.Get(ctx, "k2").Val(); v != "v" {
				t.Errorf("dumped in a transaction: %q", v)
			}
			for _, wrong := range []struct{ ttl, dump, says string }{
				{"0", "garbage", "ERR DUMP payload version or checksum are wrong"},
				{"x", "garbage", "ERR value is not an integer or out of range"},
				{"-1", "garbage", "ERR Invalid TTL value, must be >= 0"},
			} {
				if err := c.Do(ctx, "RESTORE", "k", wrong.ttl, wrong.dump).Err(); err == nil || err.Error() != wrong.says {
					t.Errorf("%+v: %v", wrong, err)
				}
			}
		})
	}
}
