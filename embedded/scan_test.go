package embedded

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

func fill(t testing.TB, c *redis.Client, prefix string, n int) {
	t.Helper()
	pipe := c.Pipeline()
	for i := range n {
		pipe.Set(context.Background(), fmt.Sprintf("%s%d", prefix, i), i, 0)
	}
	_, err := pipe.Exec(context.Background())
	must(t, err)
}

// scanAll answers how often each key was answered, and how many pages there were.
func scanAll(t testing.TB, c *redis.Client, count int, between func(page int)) (seen map[string]int, pages int) {
	t.Helper()
	seen = make(map[string]int)
	for cursor := uint64(0); ; {
		keys, next, err := c.Scan(context.Background(), cursor, "*", int64(count)).Result()
		must(t, err)
		if len(keys) > count {
			t.Fatalf("%d keys on a page of %d", len(keys), count)
		}
		for _, key := range keys {
			seen[key]++
		}
		pages++
		if cursor = next; cursor == 0 {
			return seen, pages
		}
		between(pages)
	}
}

func TestScanGoesInSteps(t *testing.T) {
	c := connect(t, start(t, Options{Empty: true}))
	fill(t, c, "k", 20_000)
	seen, pages := scanAll(t, c, 500, func(int) {})
	if len(seen) != 20_000 || pages != 40 {
		t.Errorf("%d keys on %d pages", len(seen), pages)
	}
}

// Keys that are there all the while are answered once, whatever comes and goes
// and whoever else scans.
func TestScanWhileKeysComeAndGo(t *testing.T) {
	c := connect(t, start(t, Options{Empty: true}))
	ctx := context.Background()
	fill(t, c, "keep", 2000)
	fill(t, c, "gone", 2000)
	seen, _ := scanAll(t, c, 100, func(page int) {
		fill(t, c, fmt.Sprintf("new%d:", page), 50)
		c.Del(ctx, fmt.Sprintf("gone%d", page), fmt.Sprintf("gone%d", 1999-page))
		c.Scan(ctx, 0, "*", 10)
	})
	for i := range 2000 {
		if n := seen[fmt.Sprintf("keep%d", i)]; n != 1 {
			t.Fatalf("keep%d was answered %d times", i, n)
		}
	}
	for key, n := range seen {
		if n != 1 {
			t.Fatalf("%s was answered %d times", key, n)
		}
	}
}

func TestLargeCollectionsAreScannedInSteps(t *testing.T) {
	c := connect(t, start(t, Options{Empty: true}))
	ctx := context.Background()
	for i := range 1000 {
		c.HSet(ctx, "hash", i, i)
		c.SAdd(ctx, "set", i)
		c.ZAdd(ctx, "zset", redis.Z{Score: float64(i), Member: i})
	}
	for name, tt := range map[string]struct {
		scan func(cursor uint64) *redis.ScanCmd
		page int
	}{
		"hash": {func(cursor uint64) *redis.ScanCmd { return c.HScan(ctx, "hash", cursor, "*", 100) }, 200},
		"set":  {func(cursor uint64) *redis.ScanCmd { return c.SScan(ctx, "set", cursor, "*", 100) }, 100},
		"zset": {func(cursor uint64) *redis.ScanCmd { return c.ZScan(ctx, "zset", cursor, "*", 100) }, 200},
	} {
		pages := 0
		for cursor := uint64(0); ; {
			texts, next, err := tt.scan(cursor).Result()
			must(t, err)
			if len(texts) != tt.page {
				t.Errorf("%s: %d texts on a page, want %d", name, len(texts), tt.page)
			}
			pages++
			if cursor = next; cursor == 0 {
				break
			}
		}
		if pages != 10 {
			t.Errorf("%s: %d pages, want 10", name, pages)
		}
	}
}

// TestPatternsMeanWhatTheyMeanToRedis compares KEYS, with patterns of all that
// is special in them.
func TestPatternsMeanWhatTheyMeanToRedis(t *testing.T) {
	ours, theirs := connect(t, start(t, Options{Empty: true})), redistest.Standalone(t).Client()
	ctx := context.Background()
	random := rand.New(rand.NewPCG(4, 2))
	text := func(alphabet string, most int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteByte(alphabet[random.IntN(len(alphabet))])
		}
		return b.String()
	}
	for range 300 {
		key := text("abc-]^\\\xff\n", 4)
		must(t, ours.Set(ctx, key, 1, 0).Err())
		must(t, theirs.Set(ctx, key, 1, 0).Err())
	}
	for range 2000 {
		pattern := text("abc-]^\\\xff*?[[", 7)
		if pattern == "" {
			continue
		}
		got, want := ours.Keys(ctx, pattern).Val(), theirs.Keys(ctx, pattern).Val()
		if fmt.Sprintf("%q", sortedCopy(got)) != fmt.Sprintf("%q", sortedCopy(want)) {
			t.Fatalf("KEYS %q\n got %q\nwant %q", pattern, sortedCopy(got), sortedCopy(want))
		}
	}
}

// A pattern must not end the process.
func TestNoPatternPanics(t *testing.T) {
	c := dialRaw(t, start(t, Options{}).Addr())
	for _, pattern := range []string{"[", "[z-a]", "[]", "[^]", `\`, `a\\E(`, "[[:x:]]", "\xff[\xfe-\xfd]"} {
		for _, words := range [][]string{
			{"KEYS", pattern}, {"SCAN", "0", "MATCH", pattern}, {"HSCAN", "features", "0", "MATCH", pattern},
			{"CONFIG", "GET", pattern}, {"COMMAND", "LIST", "FILTERBY", "PATTERN", pattern},
			{"PUBSUB", "CHANNELS", pattern}, {"PSUBSCRIBE", pattern},
		} {
			c.ask(t, words...)
		}
	}
	c.ask(t, "PING")
}

func sortedCopy(list []string) []string { return slices.Sorted(slices.Values(list)) }
