package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func connect(t testing.TB, s *Server) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	t.Cleanup(func() { c.Close() })
	return c
}

func until(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}

// The fastest of a few starts counts, as others use the machine too.
func TestItStartsAtOnce(t *testing.T) {
	fastest := time.Hour
	for range 5 {
		begin := time.Now()
		start(t, Options{})
		fastest = min(fastest, time.Since(begin))
	}
	if fastest > 100*time.Millisecond {
		t.Errorf("a start takes %v", fastest)
	}
}

func TestItEndsWhole(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, err := Start(context.Background(), Options{})
	must(t, err)
	subscriber, monitor, blocked, idle := dialRaw(t, s.Addr()), dialRaw(t, s.Addr()), dialRaw(t, s.Addr()), dialRaw(t, s.Addr())
	subscriber.ask(t, "SUBSCRIBE", "news")
	monitor.ask(t, "MONITOR")
	idle.ask(t, "PING")
	if _, err := io.WriteString(blocked, "*3\r\n$5\r\nBLPOP\r\n$4\r\nnone\r\n$1\r\n0\r\n"); err != nil {
		t.Fatal(err)
	}
	until(t, "BLPOP arrives", func() bool {
		return strings.Contains(idle.ask(t, "CLIENT", "LIST").text, "cmd=blpop")
	})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if conn, err := net.Dial("tcp", s.Addr()); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}

func TestAnEndedContextStartsNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if s, err := Start(ctx, Options{}); err == nil {
		s.Close()
		t.Error("it started")
	}
}

func TestItListensOnLoopbackAlone(t *testing.T) {
	host, _, err := net.SplitHostPort(start(t, Options{}).Addr())
	if err != nil || host != "127.0.0.1" {
		t.Errorf("%s, %v", host, err)
	}
}

func TestKeysExpireInRealTime(t *testing.T) {
	c := connect(t, start(t, Options{Empty: true}))
	ctx := context.Background()
	must(t, c.Set(ctx, "brief", 1, 300*time.Millisecond).Err())
	must(t, c.Set(ctx, "long", 1, time.Hour).Err())
	if ttl := c.PTTL(ctx, "long").Val(); ttl < time.Hour-time.Second || ttl > time.Hour {
		t.Errorf("an hour is %v", ttl)
	}
	begin := time.Now()
	until(t, "brief expires", func() bool { return c.Exists(ctx, "brief").Val() == 0 })
	if took := time.Since(begin); took < 100*time.Millisecond {
		t.Errorf("300 ms took %v", took)
	}
	until(t, "the hour runs", func() bool { return c.PTTL(ctx, "long").Val() < time.Hour-200*time.Millisecond })
	if n := infoField(t, c, "stats", "expired_keys"); n != "1" {
		t.Errorf("%s keys expired, want 1", n)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func infoField(t testing.TB, c *redis.Client, section, name string) string {
	t.Helper()
	info, err := c.Info(context.Background(), section).Result()
	must(t, err)
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return value
		}
	}
	t.Fatalf("INFO %s lacks %s:\n%s", section, name, info)
	return ""
}

func TestInfoTellsRealFigures(t *testing.T) {
	c := connect(t, start(t, Options{Empty: true}))
	ctx := context.Background()
	field := func(section, name string) int {
		n, err := strconv.Atoi(infoField(t, c, section, name))
		must(t, err)
		return n
	}
	memory, commands, changes := field("memory", "used_memory"), field("stats", "total_commands_processed"), field("persistence", "rdb_changes_since_last_save")
	must(t, c.Set(ctx, "big", strings.Repeat("x", 1<<20), time.Hour).Err())
	c.MGet(ctx, "big", "none", "nothing")
	if grown := field("memory", "used_memory") - memory; grown < 1<<20 || grown > 1<<20+1<<10 {
		t.Errorf("a MiB takes %d bytes", grown)
	}
	if n := field("stats", "total_commands_processed") - commands; n < 3 || n > 10 {
		t.Errorf("%d commands", n)
	}
	if n := field("persistence", "rdb_changes_since_last_save") - changes; n != 1 {
		t.Errorf("%d changes, want 1", n)
	}
	if hits, misses := field("stats", "keyspace_hits"), field("stats", "keyspace_misses"); hits != 1 || misses != 2 {
		t.Errorf("%d hits, %d misses; want 1 and 2", hits, misses)
	}
	if db := infoField(t, c, "keyspace", "db0"); !strings.HasPrefix(db, "keys=1,expires=1,avg_ttl=3") {
		t.Errorf("db0: %s", db)
	}
	must(t, c.Unlink(ctx, "big").Err())
	if field("memory", "used_memory") != memory || field("memory", "used_memory_peak") < memory+1<<20 {
		t.Errorf("after the deletion: %s", c.Info(ctx, "memory"))
	}
	must(t, c.ConfigResetStat(ctx).Err())
	if n := field("stats", "keyspace_misses"); n != 0 {
		t.Errorf("%d misses after RESETSTAT", n)
	}
}

func TestConfigShowsInInfo(t *testing.T) {
	c := connect(t, start(t, Options{Empty: true}))
	ctx := context.Background()
	must(t, c.ConfigSet(ctx, "maxmemory", "2gb").Err())
	must(t, c.ConfigSet(ctx, "maxmemory-policy", "allkeys-lru").Err())
	if got := infoField(t, c, "memory", "maxmemory_human"); got != "2.00G" {
		t.Errorf("maxmemory_human:%s", got)
	}
	if got := infoField(t, c, "memory", "maxmemory_policy"); got != "allkeys-lru" {
		t.Errorf("maxmemory_policy:%s", got)
	}
}

func TestSamplesAreSessionsAsTheGuideWritesThem(t *testing.T) {
	c := connect(t, start(t, Options{}))
	ctx := context.Background()
	keys, err := c.Keys(ctx, "session:*").Result()
	must(t, err)
	withoutTTL, perUser := 0, map[string]int{}
	for _, key := range keys {
		var session struct {
			UserID       string  `json:"user_id"`
			IP           string  `json:"ip"`
			CreatedAt    float64 `json:"created_at"`
			LastAccessed float64 `json:"last_accessed"`
		}
		must(t, json.Unmarshal([]byte(c.Get(ctx, key).Val()), &session))
		now := float64(time.Now().Unix()) + 1
		if session.CreatedAt < now-86400 || session.CreatedAt > session.LastAccessed || session.LastAccessed > now || net.ParseIP(session.IP) == nil {
			t.Errorf("%s: %+v", key, session)
		}
		if rest, ok := strings.CutPrefix(key, "session:user:"); ok {
			uid, _, _ := strings.Cut(rest, ":")
			perUser[uid]++
			if uid != session.UserID {
				t.Errorf("%s belongs to %s", key, session.UserID)
			}
		}
		switch ttl := c.TTL(ctx, key).Val(); {
		case ttl == -1:
			withoutTTL++
		case ttl <= 0 || ttl > 24*time.Hour:
			t.Errorf("%s has a TTL of %v", key, ttl)
		}
	}
	if len(keys) < 250 || len(keys) > 400 || withoutTTL < 15 || withoutTTL > 30 {
		t.Errorf("%d sessions, %d without TTL", len(keys), withoutTTL)
	}
	if perUser["john@example.com"] < 10 || len(perUser) < 20 {
		t.Errorf("john has %d sessions, %d people have some", perUser["john@example.com"], len(perUser))
	}
	types := map[string]bool{}
	for _, key := range c.Keys(ctx, "*").Val() {
		types[c.Type(ctx, key).Val()] = true
	}
	if len(types) != 6 {
		t.Errorf("types: %v", types)
	}
}

func TestTheSeedDecidesTheSamples(t *testing.T) {
	keys := func(seed int64) []string {
		return connect(t, start(t, Options{Seed: seed})).Keys(context.Background(), "*").Val()
	}
	first := keys(1)
	if !slices.Equal(first, keys(1)) {
		t.Error("one seed, two sets of keys")
	}
	if slices.Equal(first, keys(2)) {
		t.Error("two seeds, one set of keys")
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	s := start(t, Options{})
	c := connect(t, s)
	ctx := context.Background()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 15 {
				key := fmt.Sprintf("k:%d:%d", i, n)
				c.Set(ctx, key, n, time.Minute)
				c.Scan(ctx, 0, "k:*", 20)
				c.Info(ctx)
				c.ConfigSet(ctx, "maxmemory", strconv.Itoa(n))
				c.ClientList(ctx)
				c.Eval(ctx, "#!lua flags=allow-oom\nreturn redis.call('SET', KEYS[1], ARGV[1])", []string{key}, n)
				c.TxPipelined(ctx, func(p redis.Pipeliner) error {
					p.Incr(ctx, "counter")
					p.ObjectEncoding(ctx, key)
					return nil
				})
			}
		})
	}
	all.Wait()
	if n := c.Get(ctx, "counter").Val(); n != "120" {
		t.Errorf("counter: %s, want 120", n)
	}
}
