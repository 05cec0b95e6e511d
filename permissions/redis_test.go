package permissions

import (
	"context"
	"slices"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

// TestGlobMatchesWhatRedisMatches holds the matcher against KEYS of a server.
func TestGlobMatchesWhatRedisMatches(t *testing.T) {
	rdb, ctx := redis.NewClient(&redis.Options{Addr: redistest.Standalone(t).Addr}), t.Context()
	defer rdb.Close()
	rapid.Check(t, func(t *rapid.T) {
		names := map[string]bool{}
		for range 20 {
			names[drawName(t)] = true
		}
		fill(t, ctx, rdb, names)
		for range 10 {
			pattern := drawPattern(t)
			theirs, err := rdb.Keys(ctx, pattern).Result()
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(theirs)
			if ours := matching(pattern, names); !slices.Equal(ours, theirs) {
				t.Fatalf("%q among %q: we match %q, Redis %q", pattern, sortedKeys(names), ours, theirs)
			}
		}
	})
}

func fill(t *rapid.T, ctx context.Context, rdb *redis.Client, names map[string]bool) {
	pipe := rdb.Pipeline()
	pipe.FlushDB(ctx)
	for name := range names {
		pipe.Set(ctx, name, "", 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

func matching(pattern string, names map[string]bool) []string {
	g := compileGlob(pattern)
	return slices.DeleteFunc(sortedKeys(names), func(name string) bool { return !g.match(name) })
}
