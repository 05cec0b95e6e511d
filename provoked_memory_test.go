package main

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// knob sets parameters of a server.
type knob struct{ *redis.Client }

func (k knob) set(t *testing.T, parameter string, value any) {
	t.Helper()
	if err := k.ConfigSet(t.Context(), parameter, fmt.Sprint(value)).Err(); err != nil {
		t.Fatal(err)
	}
}

// ballast fills memory with so many bytes, in the place of what did before.
func (k knob) ballast(t *testing.T, n int64) {
	t.Helper()
	const most = 400 << 20 // of one value
	k.Del(t.Context(), "ballast:0", "ballast:1", "ballast:2", "ballast:3")
	for i := int64(0); n > 0; i++ {
		if err := k.SetRange(t.Context(), "ballast:"+strconv.FormatInt(i, 10), min(n, most), "x").Err(); err != nil {
			t.Fatal(err)
		}
		n -= most
	}
	if err := k.Do(t.Context(), "MEMORY", "PURGE").Err(); err != nil {
		t.Fatal(err)
	}
}

// limited sets maxmemory to so many per cent of what is used.
func (k knob) limit(t *testing.T, percent int64) {
	t.Helper()
	k.set(t, "maxmemory", infoOf(t, k.Client, "memory", "used_memory")*percent/100)
}

// plenty is a maxmemory that is far away.
const plenty = "100gb"

// sets is a mend by a parameter.
func (k knob) sets(parameter, value string) func(*testing.T, *discordtest.Message) {
	return func(t *testing.T, _ *discordtest.Message) { k.set(t, parameter, value) }
}

// provokeMemory goes through what can be wrong with memory. Evictions and refused
// writes count for five minutes: they are over once that is no reason any more.
func provokeMemory(t *testing.T) *provoking {
	server := redistest.Standalone(t)
	k := knob{server.Client()}
	k.set(t, "maxmemory", plenty)
	p := newProvoking(t, server.URL(), "HELIX_ALERTS_FRAGMENTATION_FROM=0", "HELIX_ALERTS_SYSTEM_MEMORY_PERCENT=1", "HELIX_ALERTS_CREATION_RATE_ENABLED=false")
	onePercent := infoOf(t, k.Client, "memory", "total_system_memory") / 100
	p.through(t, waves{
		{
			{"memory_unlimited", "maxmemory is not set", func(t *testing.T) { k.set(t, "maxmemory", 0) }, k.sets("maxmemory", plenty)},
			{"fragmentation", "of the memory that it uses", func(t *testing.T) { k.ballast(t, 0) }, func(t *testing.T, _ *discordtest.Message) { k.ballast(t, 64<<20) }},
		},
		{
			{"system_memory", "of the machine's memory", func(t *testing.T) { k.ballast(t, onePercent+32<<20) }, func(t *testing.T, _ *discordtest.Message) { k.ballast(t, 64<<20) }},
			{"eviction_policy", "allkeys-lru", func(t *testing.T) {
				makeSessions(t, k.Client, 3, time.Hour)
				k.set(t, "maxmemory-policy", "allkeys-lru")
			}, k.sets("maxmemory-policy", "noeviction")},
			{"memory_warn", "of maxmemory", func(t *testing.T) { k.limit(t, 117) }, k.sets("maxmemory", plenty)},
		},
		{
			{"memory", "of maxmemory", func(t *testing.T) { k.limit(t, 98) }, k.sets("maxmemory", plenty)},
			{"oom_errors", "refused because memory was full", func(t *testing.T) {
				if err := k.Set(t.Context(), "a", "b", 0).Err(); !redis.HasErrorPrefix(err, "OOM") {
					t.Fatalf("a write to a full server: %v", err)
				}
			}, func(t *testing.T, _ *discordtest.Message) { p.set(t, "alerts.oom_errors=1000000") }},
		},
		{
			{"evictions", "evicted in the last", func(t *testing.T) {
				k.fill(t)
				k.set(t, "maxmemory-policy", "allkeys-lru")
				k.limit(t, 98)
			}, func(t *testing.T, _ *discordtest.Message) {
				k.set(t, "maxmemory", plenty)
				p.set(t, "alerts.evictions=1000000")
			}},
		},
	})
	return p
}

// fill makes keys that nobody uses.
func (k knob) fill(t *testing.T) {
	t.Helper()
	_, err := k.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for i := range 1000 {
			p.SetRange(t.Context(), "unused:"+strconv.Itoa(i), 20<<10, "x")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
