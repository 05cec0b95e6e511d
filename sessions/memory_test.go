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
// what the index of its person, with five sessions, may cost.
func TestMemoryOfASession(t *testing.T) {
	const people, each = 1000, 5
	c := redistest.Standalone(t).Client()
	b := newBench(t, c)
	b.policy.MaxPerAddressPerHour = people*each + 1
	b.create("") // buffers and scripts take memory once
	empty := used(t, c)
	for i := range people * each {
		r := sessions.Request{UserID: fmt.Sprintf("user%05d@example.com", i/each), IP: home, UserAgent: agent, Data: []byte(data)}
		if _, _, err := b.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	// What an address has made is forgotten within the hour, and is accounted apart.
	rates := c.MemoryUsage(t.Context(), "helix:address:"+home, 0).Val()
	ours := used(t, c) - empty - rates

	bare := redistest.Standalone(t).Client()
	bare.Set(t.Context(), "x", 1, time.Hour)
	empty = used(t, bare)
	keys := b.keys("session:user:*")
	values := c.MGet(t.Context(), keys...).Val()
	_, err := bare.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for i, key := range keys {
			p.Set(t.Context(), key, values[i], time.Hour)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	plain := used(t, bare) - empty
	ratio := float64(ours) / float64(plain)
	t.Logf("%d bytes a session, %d of them the bare key and JSON: %.3f; and %d within the hour for its address", ours/people/each, plain/people/each, ratio, rates/people/each)
	if ratio > 1.15 {
		t.Errorf("a session takes %.3f times the memory of its bare key and JSON", ratio)
	}
}

// used answers the memory that a server uses, in bytes.
func used(t *testing.T, c *redis.Client) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(c.InfoMap(t.Context(), "memory").Item("Memory", "used_memory"), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
