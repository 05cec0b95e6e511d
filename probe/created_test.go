package probe_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/probe"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

// rate answers how many sessions a sample says were made since the one before,
// and who says so.
func rate(t *testing.T, before, now sample.Sample) (made float64, source string) {
	t.Helper()
	perMin, ok := now.Get(sample.CreatedPerMin)
	if !ok {
		t.Fatalf("no rate in %+v", now)
	}
	return perMin * now.At.Sub(before.At).Minutes(), now.Texts[sample.CreatedSource]
}

func TestWhatHelixMakesIsCounted(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client(), probe.Options{})
	other := sessions.New(b.client, sessions.Fixed(policy()), sessions.Options{}) // as of another instance
	b.probe()
	if err := other.TellCounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := func() {
		for i := range 100 {
			who := []*sessions.Store{b.store, other}[i%2]
			token, _, err := who.Create(t.Context(), sessions.Request{UserID: fmt.Sprint("p", i), IP: "203.0.113.7"})
			if err != nil {
				t.Fatal(err)
			}
			if err := who.Destroy(t.Context(), token); err != nil { // so that no count of keys shows them
				t.Fatal(err)
			}
		}
		if err := other.TellCounts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// The instances tell at moments of their own, so a single time may be off.
	redistest.Eventually(t, "what both instances made is counted", func(context.Context) bool {
		before := b.probe()
		made()
		rate, source := rate(t, before, b.probe())
		return rate >= 10 && rate <= 1000 && source == sample.FromCounters
	})
}

func TestNewKeysAreHeardOf(t *testing.T) {
	server := redistest.Standalone(t, "--notify-keyspace-events", "En")
	b := newBench(t, open(t, server.Addr), probe.Options{})
	redistest.Eventually(t, "it listens", func(ctx context.Context) bool {
		n, err := b.client.PubSubNumSub(ctx, "__keyevent@0__:new").Result()
		return err == nil && n["__keyevent@0__:new"] == 1
	})
	var before sample.Sample
	redistest.Eventually(t, "a probe began since", func(context.Context) bool {
		before = b.probe()
		return before.Texts[sample.CreatedSource] == sample.FromEvents
	})
	for i := range 200 {
		key := fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i)
		b.client.Set(t.Context(), key, "{}", 0)
		b.client.Set(t.Context(), key, "{}", 0) // no new one
		b.client.Set(t.Context(), fmt.Sprint("other:", i), "", 0)
		b.client.Del(t.Context(), key)
	}
	b.hearsOf(t, before, 200)
}

func TestDifferencesTellTheLeast(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client(), probe.Options{})
	write := func(from, to int) {
		for i := from; i < to; i++ {
			b.client.Set(t.Context(), fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i), "{}", 0)
		}
	}
	write(0, 200)
	b.counted()
	before := b.counted()
	write(200, 500)
	if i := b.client.Del(t.Context(), "session:3f2a9c01-91e4-4a77-8d00-000000000000").Val(); i != 1 {
		t.Fatal(i)
	}
	now := b.probe() // whether it counts them again, or goes by the keys
	if made, source := rate(t, before, now); made < 285 || made > 310 || source != sample.FromDeltas {
		t.Errorf("%v were made, say %s", made, source)
	}
	if flags := b.client.ConfigGet(t.Context(), "notify-keyspace-events").Val()["notify-keyspace-events"]; flags != "" {
		t.Errorf("it has the server tell of %q", flags)
	}
}

// Where there are too many to be counted each time, the number follows the keys.
func TestBetweenCensusesTheNumberFollowsTheKeys(t *testing.T) {
	client := redistest.Any(t).Client()
	store := sessions.New(client, sessions.Fixed(policy()), sessions.Options{})
	fill := func(from, to int) {
		pipe := client.Pipeline()
		for i := from; i < to; i++ {
			pipe.Set(t.Context(), fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i), "{}", 0)
		}
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	fill(0, 1000)
	client.Set(t.Context(), "other", "", 0)
	if _, err := store.TakeCensus(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	p := probe.New(client, store, probe.Options{}) // which does not Run, so it counts nothing itself
	fill(1000, 1500)
	s, err := p.Probe(t.Context())
	if got := s.Values[sample.Sessions]; err != nil || got < 1490 || got > 1503 {
		t.Errorf("%v sessions, %v", got, err)
	}
	if age := s.Values[sample.SessionsAge]; age <= 0 || age > time.Minute.Seconds() {
		t.Errorf("counted %v s ago", age)
	}
	client.FlushDB(t.Context())
	if s, err = p.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, known := s.Get(sample.Sessions); known {
		t.Errorf("%v sessions after a flush", got)
	}
}

// In a Cluster each master tells of its own new keys, and all of them are heard.
func TestNewKeysOfEveryMasterAreHeardOf(t *testing.T) {
	servers := redistest.Cluster(t)
	for _, m := range servers.Masters {
		if err := m.Client().ConfigSet(t.Context(), "notify-keyspace-events", "En").Err(); err != nil {
			t.Fatal(err)
		}
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: servers.Addrs(), ContextTimeoutEnabled: true, DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	b := newBench(t, client, probe.Options{})
	var before sample.Sample
	redistest.Eventually(t, "a probe began since it listens", func(context.Context) bool {
		before = b.probe()
		return before.Texts[sample.CreatedSource] == sample.FromEvents
	})
	slots := make(map[*redistest.Server]int)
	for i := range 90 {
		key := fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i)
		slots[servers.Owner(int(client.ClusterKeySlot(t.Context(), key).Val()))]++
		if err := client.Set(t.Context(), key, "{}", 0).Err(); err != nil {
			t.Fatal(err)
		}
		client.Del(t.Context(), key) // so that no count of keys shows it
	}
	if len(slots) != 3 {
		t.Fatalf("the keys are on %d masters", len(slots))
	}
	b.hearsOf(t, before, 90)
}

// hearsOf probes until so many new sessions since before were told of by events.
func (b *bench) hearsOf(t *testing.T, before sample.Sample, want float64) {
	t.Helper()
	heard := 0.0
	redistest.Eventually(t, "all were heard of", func(context.Context) bool {
		now := b.probe()
		made, source := rate(t, before, now)
		if source != sample.FromEvents {
			t.Errorf("%s say so", source)
		}
		before, heard = now, heard+made
		return heard > want-0.1
	})
	if heard > want+0.1 {
		t.Errorf("heard of %v", heard)
	}
}
