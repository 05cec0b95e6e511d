package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/series"
)

// provokeReplica goes through what can be wrong with a replica and with the disk,
// while memory grows.
func provokeReplica(t *testing.T) *provoking {
	server := redistest.Standalone(t, "--maxmemory", "1gb", "--stop-writes-on-bgsave-error", "no")
	k := knob{server.Client()}
	host, port, _ := strings.Cut(server.Addr, ":")
	replica := redistest.Standalone(t, "--replicaof", host+" "+port)
	k.awaitReplica(t)
	k.set(t, "save", "3600 1000000")
	p := newProvoking(t, server.URL(), "HELIX_ALERTS_REPLICATION_LAG=1", "HELIX_ALERTS_GROWTH_WINDOW=60", "HELIX_ALERTS_SAVE_AGE=1")
	var stop func()
	stopGrowing := create(t, func(ctx context.Context, i int) error {
		return k.SetRange(ctx, "growing:"+strconv.Itoa(i), 256<<10, "x").Err()
	})
	p.through(t, waves{
		{
			{"persistence", "The last snapshot (RDB) failed", func(t *testing.T) { k.hinderSaving(t) }, func(t *testing.T, _ *discordtest.Message) { k.letSave(t) }},
			{"save_age", "The last snapshot is", func(*testing.T) {}, func(t *testing.T, _ *discordtest.Message) { p.set(t, "alerts.save_age=1d") }},
			{"creation_rate", "estimated from how counts changed", func(t *testing.T) { stop = create(t, byOthers(k.Client)) }, func(*testing.T, *discordtest.Message) { stop() }},
		},
		{
			{"replication_lag", "behind its master", func(*testing.T) { replica.Pause() }, func(*testing.T, *discordtest.Message) { replica.Resume() }},
		},
		{
			{"replication_link", "lost the master", func(*testing.T) { replica.Kill() }, func(*testing.T, *discordtest.Message) { replica.Restart() }},
		},
		{
			{"growth", "Memory reaches maxmemory in ", func(*testing.T) {}, func(t *testing.T, _ *discordtest.Message) {
				stopGrowing()
				k.set(t, "maxmemory", plenty)
			}},
		},
	})
	return p
}

func (k knob) awaitReplica(t *testing.T) {
	t.Helper()
	redistest.Eventually(t, "the replica is in step", func(ctx context.Context) bool {
		text, err := k.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(text, "state=online")
	})
}

// dump is where a server saves to.
func (k knob) dump(t *testing.T) string {
	t.Helper()
	return filepath.Join(k.ConfigGet(t.Context(), "dir").Val()["dir"], "dump.rdb")
}

// hinderSaving has a snapshot fail: a directory stands where it goes, which not even
// root may overwrite.
func (k knob) hinderSaving(t *testing.T) {
	t.Helper()
	path := k.dump(t)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	k.save(t)
}

// letSave has a snapshot succeed again.
func (k knob) letSave(t *testing.T) {
	t.Helper()
	if err := os.Remove(k.dump(t)); err != nil {
		t.Fatal(err)
	}
	k.save(t)
}

// save takes a snapshot, as soon as no other is being taken, and waits for its end.
func (k knob) save(t *testing.T) {
	t.Helper()
	redistest.Eventually(t, "a snapshot begins", func(ctx context.Context) bool { return k.BgSave(ctx).Err() == nil })
	redistest.Eventually(t, "it is over", func(context.Context) bool {
		return infoOf(t, k.Client, "persistence", "rdb_bgsave_in_progress") == 0
	})
}

// provokeCluster goes through what can be wrong with a Cluster, in which an instance
// of Helix makes sessions.
func provokeCluster(t *testing.T) *provoking {
	cluster := redistest.Cluster(t)
	client := cluster.Client()
	for _, m := range cluster.Masters {
		knob{m.Client()}.set(t, "maxmemory", plenty)
	}
	p := newProvoking(t, cluster.URL(), "HELIX_HEALTH_LISTEN=127.0.0.1:0")
	var on atomic.Bool
	defer create(t, byHelix(client, &on))()
	metricsOf(t, p.helix) // once it knows the instance that makes sessions
	const ours, slot = "{helix}", 16383
	if cluster.Owner(int(client.ClusterKeySlot(t.Context(), ours).Val())) == cluster.Owner(slot) {
		t.Fatal("the master that loses a slot has our own keys")
	}
	owner := cluster.Owner(slot).Client()
	p.through(t, waves{
		{
			{"creation_rate", "by Helix's own count", func(*testing.T) { on.Store(true) }, func(*testing.T, *discordtest.Message) { on.Store(false) }},
		},
		{
			{"cluster_state", "state is not ok", func(t *testing.T) { must(t, owner.ClusterDelSlots(t.Context(), slot)) }, func(t *testing.T, _ *discordtest.Message) { must(t, owner.ClusterAddSlots(t.Context(), slot)) }},
		},
	})
	return p
}

func must(t *testing.T, done *redis.StatusCmd) {
	t.Helper()
	if err := done.Err(); err != nil {
		t.Fatal(err)
	}
}

// Growth is foreseen at once after a start: by what was measured before it, by this
// process or another one.
func TestGrowthIsForeseenAcrossARestart(t *testing.T) {
	server := redistest.Standalone(t, "--maxmemory", "100mb")
	client, now := server.Client(), time.Now()
	kept, used := series.New(client, series.Usual()...), infoOf(t, server.Client(), "memory", "used_memory")
	for i := range 60 {
		err := kept.Append(t.Context(), sample.Sample{At: now.Add(time.Duration(i-60) * 10 * time.Second), Values: map[sample.Name]float64{
			sample.Up: 1, sample.MaxMemory: 100 << 20, sample.MemoryUsed: float64(used) + float64((i-60)*100<<10),
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	p := newProvoking(t, server.URL())
	p.In("#ops").Sees("Memory will be full soon", "the slope of the last 10m", "firing")
}
