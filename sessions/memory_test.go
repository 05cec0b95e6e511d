package sessions_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// agent and data are what a session of a browser may hold.
const (
	agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	data  = `{"theme":"dark","language":"en-GB","csrf":"5f2b9c0d1e3a4b6c8d7e9f0a1b2c3d4e"}`
)

// A session takes at most 1.15 times the memory of its bare key and JSON: that is
// what the index of its person, with five sessions, may cost. What its address has
// made within the hour is not among that: it does not last as long as the session,
// is there for those that have ended as well, and is what any exact limit within a
// sliding hour has to know. It is told apart.
func TestMemoryOfASession(t *testing.T) {
	for name, data := range map[string]string{"with data": data, "without": ""} {
		t.Run(name, func(t *testing.T) {
			ours, rates, keys, values := memoryOfSessions(t, data)
			plain := memoryOfKeys(t, keys, values)
			ratio, whole := float64(ours)/float64(plain), float64(ours+rates)/float64(plain)
			n := int64(len(keys))
			t.Logf("%d bytes a session, %d of them the bare key and JSON: %.3f; with the %d for its address within the hour %.3f", ours/n, plain/n, ratio, rates/n, whole)
			if ratio > 1.15 {
				t.Errorf("a session takes %.3f times the memory of its bare key and JSON", ratio)
			}
		})
	}
}

// memoryOfSessions makes five sessions for each of a thousand people, who share an
// address by tens, and answers the memory of the sessions and of the addresses.
func memoryOfSessions(t *testing.T, data string) (ours, rates int64, keys []string, values []any) {
	t.Helper()
	const people, each, perAddress = 1000, 5, 10
	c := redistest.Standalone(t).Client()
	b := newBench(t, c)
	b.create("") // buffers and scripts take memory once
	empty := used(t, c)
	for i := range people * each {
		person := i / each
		r := sessions.Request{
			UserID: fmt.Sprintf("user%05d@example.com", person), IP: fmt.Sprintf("198.51.100.%d", person/perAddress),
			UserAgent: agent, Data: []byte(data),
		}
		if _, _, err := b.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	all := used(t, c) - empty
	addresses := b.keys("helix:address:198.*")
	if err := c.Del(t.Context(), addresses...).Err(); err != nil {
		t.Fatal(err)
	}
	ours = used(t, c) - empty
	keys = b.keys("session:user:*")
	return ours, all - ours, keys, c.MGet(t.Context(), keys...).Val()
}

// memoryOfKeys answers the memory of keys and values by themselves, with a TTL.
func memoryOfKeys(t *testing.T, keys []string, values []any) int64 {
	t.Helper()
	bare := redistest.Standalone(t).Client()
	bare.Set(t.Context(), "x", 1, time.Hour)
	empty := used(t, bare)
	_, err := bare.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for i, key := range keys {
			p.Set(t.Context(), key, values[i], time.Hour)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used(t, bare) - empty
}

// used answers the memory that a server uses, in bytes.
func used(t *testing.T, c *redis.Client) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(c.InfoMap(t.Context(), "memory").Item("Memory", "used_memory"), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
