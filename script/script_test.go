package script_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/script"
)

// write sets a key, whatever the server's memory is like.
const write = `
return redis.call('SET', KEYS[1], ARGV[1])`

func TestAScriptRunsAgainAfterTheServerForgotIt(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		s := script.New(write)
		for _, value := range []string{"one", "two"} {
			if err := s.Run(t.Context(), c, []string{"key"}, value).Err(); err != nil {
				t.Fatal(err)
			}
			if got := c.Get(t.Context(), "key").Val(); got != value {
				t.Errorf("the key holds %q, want %q", got, value)
			}
			if err := c.ScriptFlush(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAScriptRunsWhereMemoryIsShort(t *testing.T) {
	c := redistest.Standalone(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction").Client()
	if err := c.Set(t.Context(), "plain", "x", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "OOM ") {
		t.Fatalf("memory is not short: %v", err)
	}
	if err := script.New(write).Run(t.Context(), c, []string{"key"}, "x").Err(); err != nil {
		t.Error(err)
	}
}

func TestManyRunsShareARoundTrip(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		s := script.New(write)
		calls := make([]script.Call, 100)
		for i := range calls {
			calls[i] = script.Call{Keys: []string{fmt.Sprint("key", i)}, Args: []any{i}}
		}
		for range 2 { // the second time the server has it
			done, err := s.RunAll(t.Context(), c, calls)
			if err != nil || len(done) != len(calls) {
				t.Fatalf("%d, %v", len(done), err)
			}
		}
		masters := 1
		if _, cluster := c.(*redis.ClusterClient); cluster {
			masters = 3
		}
		trips := redistest.CountTrips(c)
		if _, err := s.RunAll(t.Context(), c, calls); err != nil || trips.Made() != masters {
			t.Errorf("more than one round trip to each master, or %v", err)
		}
		if got := c.Get(t.Context(), "key99").Val(); got != "99" {
			t.Errorf("the last key holds %q", got)
		}
		calls[50].Keys = []string{"list"}
		c.RPush(t.Context(), "list", "x")
		failing := script.New("\nreturn redis.call('GET', KEYS[1])")
		if _, err := failing.RunAll(t.Context(), c, calls); !script.Refused(err) {
			t.Errorf("a run that fails came to %v", err)
		}
	})
}
