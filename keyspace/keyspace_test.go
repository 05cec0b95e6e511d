package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/keyspace"
)

func fill(t testing.TB, c redis.UniversalClient, prefix string, n int) {
	t.Helper()
	ctx := context.Background()
	for from := 0; from < n; from += 5000 {
		pipe := c.Pipeline()
		for i := from; i < min(n, from+5000); i++ {
			pipe.Set(ctx, fmt.Sprintf("%s%d", prefix, i), i, 0)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func collect(t testing.TB, k *keyspace.Keyspace, q keyspace.Query) ([]string, keyspace.Stats) {
	t.Helper()
	var keys []string
	stats, err := k.Scan(context.Background(), q, func(page [][]byte) error {
		for _, key := range page {
			keys = append(keys, string(key))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(keys)
	return keys, stats
}

func TestScanVisitsEveryKeyOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		nodes := 1
		if _, ok := c.(*redis.ClusterClient); ok {
			nodes = 3
		}
		fill(t, c, "session:", 5000)
		fill(t, c, "other:", 300)
		k := keyspace.New(c)
		for _, tt := range []struct {
			query keyspace.Query
			want  int
		}{
			{keyspace.Query{}, 5300},
			{keyspace.Query{Pattern: "*"}, 5300},
			{keyspace.Query{Pattern: "session:*"}, 5000},
			{keyspace.Query{Pattern: "session:*", Count: 10}, 5000},
			{keyspace.Query{Pattern: "session:499?"}, 10},
			{keyspace.Query{Pattern: "session:7"}, 1},
			{keyspace.Query{Pattern: "nothing"}, 0},
			{keyspace.Query{Pattern: "nothing*"}, 0},
			{keyspace.Query{Pattern: "*", Type: "string"}, 5300},
			{keyspace.Query{Pattern: "*", Type: "hash"}, 0},
			{keyspace.Query{Pattern: "session:7", Type: "hash"}, 0},
		} {
			keys, stats := collect(t, k, tt.query)
			if len(keys) != tt.want || int(stats.Keys) != tt.want || stats.Nodes != nodes && stats.Nodes != 1 {
				t.Errorf("%+v: %d keys, %+v; want %d", tt.query, len(keys), stats, tt.want)
			}
		}
	})
}

func TestKeysOfAnyBytes(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		want := []string{"", "a\nb", "a\r\nb", "\x00\xff", "with space", "ключ", "*", "`````", "@everyone"}
		for _, key := range want {
			if err := c.Set(context.Background(), key, 1, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := collect(t, keyspace.New(c), keyspace.Query{})
		sort.Strings(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// The table grows and shrinks by two orders of magnitude while it is scanned.
// On one server, whose table shrinks and grows meanwhile.
func TestRehashingRepeatsAndLosesNoKey(t *testing.T) {
	c := redistest.Standalone(t).Client()
	ctx := context.Background()
	fill(t, c, "keep:", 5000)
	fill(t, c, "noise:", 200_000)
	seen := make(map[string]int)
	pages := 0
	stats, err := keyspace.New(c).Scan(ctx, keyspace.Query{Count: 1000}, func(page [][]byte) error {
		for _, key := range page {
			seen[string(key)]++
		}
		switch pages++; pages {
		case 40: // shrink
			return deleteNoise(ctx, c, 200_000)
		case 45: // grow
			fill(t, c, "more:", 100_000)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if n := seen[fmt.Sprintf("keep:%d", i)]; n != 1 {
			t.Fatalf("keep:%d visited %d times", i, n)
		}
	}
	for key, n := range seen {
		if n != 1 {
			t.Fatalf("%s visited %d times", key, n)
		}
	}
	t.Logf("%+v", stats)
}

func deleteNoise(ctx context.Context, c redis.UniversalClient, n int) error {
	for from := 0; from < n; from += 5000 {
		keys := make([]string, 5000)
		for i := range keys {
			keys[i] = fmt.Sprintf("noise:%d", from+i)
		}
		if err := c.Unlink(ctx, keys...).Err(); err != nil {
			return err
		}
	}
	return nil
}

func TestClusterIsScannedWhole(t *testing.T) {
	c := redistest.Cluster(t).Client()
	fill(t, c, "session:", 3000)
	keys, stats := collect(t, keyspace.New(c), keyspace.Query{Pattern: "session:*"})
	if len(keys) != 3000 || stats.Nodes != 3 {
		t.Errorf("%d keys of %d nodes", len(keys), stats.Nodes)
	}
}

func TestAVisitorEndsTheScan(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		fill(t, c, "session:", 5000)
		enough := errors.New("enough")
		visits := 0
		stats, err := keyspace.New(c).Scan(context.Background(), keyspace.Query{}, func([][]byte) error {
			visits++
			return enough
		})
		if err != enough || visits != 1 || stats.Calls != 1 {
			t.Errorf("%v after %d visits, %+v", err, visits, stats)
		}
	})
}

func TestCancellingEndsAtOnce(t *testing.T) {
	c := redistest.Any(t).Client()
	fill(t, c, "session:", 5000)
	ctx, cancel := context.WithCancel(context.Background())
	stats, err := keyspace.New(c).Scan(ctx, keyspace.Query{Count: 10}, func([][]byte) error {
		cancel()
		return nil
	})
	var partial *keyspace.PartialError
	if !errors.As(err, &partial) || !errors.Is(err, context.Canceled) || partial.Seen == 0 || !stats.Partial {
		t.Errorf("%v, %+v", err, stats)
	}
}

func TestCancellingEndsAtOnceThoughTheServerHangs(t *testing.T) {
	server := redistest.Standalone(t)
	c := server.Client()
	fill(t, c, "session:", 5000)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(context.Background())
	var cancelled time.Time
	_, err := keyspace.New(c).Scan(ctx, keyspace.Query{Count: 10}, func([][]byte) error {
		if cancelled.IsZero() {
			server.Pause()
			cancelled = time.Now().Add(50 * time.Millisecond)
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		return nil
	})
	if late := time.Since(cancelled); !errors.Is(err, context.Canceled) || late > 100*time.Millisecond {
		t.Errorf("%v, %v after the end of the context", err, late)
	}
	server.Resume()
}

func TestALostConnectionIsResumed(t *testing.T) {
	c := redistest.Standalone(t).Client()
	ctx := context.Background()
	fill(t, c, "session:", 20_000)
	killer := redis.NewClient(c.Options())
	defer killer.Close()
	seen, pages := 0, 0
	stats, err := keyspace.New(c).Scan(ctx, keyspace.Query{Count: 100}, func(page [][]byte) error {
		seen += len(page)
		if pages++; pages == 50 {
			return killer.Do(ctx, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err()
		}
		return nil
	})
	if err != nil || seen != 20_000 || stats.Resumed == 0 {
		t.Errorf("%d keys, %+v, %v", seen, stats, err)
	}
}

func TestALostServerIsSaidWithHowFarTheScanCame(t *testing.T) {
	server := redistest.Standalone(t)
	c := server.Client()
	fill(t, c, "session:", 20_000)
	pages := 0
	_, err := keyspace.New(c).Scan(context.Background(), keyspace.Query{Count: 100}, func(page [][]byte) error {
		if pages++; pages == 5 {
			server.Kill()
		}
		return nil
	})
	var partial *keyspace.PartialError
	if !errors.As(err, &partial) || partial.Seen < 500 || partial.Seen > 1100 {
		t.Errorf("%v", err)
	}
}

// On one server, whose default user loses a right.
func TestARefusalIsFinal(t *testing.T) {
	server := redistest.Standalone(t)
	admin := server.Client()
	ctx := context.Background()
	if err := admin.Do(ctx, "ACL", "SETUSER", "default", "-scan").Err(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err := keyspace.New(admin).Scan(ctx, keyspace.Query{Pattern: "x*"}, ignore)
	if err == nil || !strings.Contains(err.Error(), "NOPERM") || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// A tenth of the time means nine times as long a rest after each call but the
// last.
func TestShareLeavesTheServerTime(t *testing.T) {
	c := redistest.Any(t).Client()
	fill(t, c, "session:", 20_000)
	start := time.Now()
	stats, err := keyspace.New(c).Scan(t.Context(), keyspace.Query{Share: 10, Count: 100}, ignore)
	if took := time.Since(start); err != nil || took < 6*stats.Server/time.Duration(stats.Nodes) {
		t.Errorf("it took %v, of which the server worked %v; %v", took, stats.Server, err)
	}
}

func TestAScanTellsHowFarItIs(t *testing.T) {
	server := redistest.Any(t)
	c := server.Client()
	fill(t, c, "session:", 4000)
	fill(t, c, "other:", 1000)
	var told []keyspace.Progress
	_, err := keyspace.New(c).Scan(t.Context(), keyspace.Query{Pattern: "session:*", Count: 500, Progress: func(p keyspace.Progress) {
		told = append(told, p)
	}}, func([][]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range told {
		asked := p.Total == 5000 || server.Cluster && p.Total < 5000 // of its masters, those so far
		if !asked || i > 0 && (p.Looked <= told[i-1].Looked || p.Keys < told[i-1].Keys) {
			t.Errorf("%d: %+v after %+v", i, p, told[max(i-1, 0)])
		}
	}
	if last := told[len(told)-1]; len(told) < 10 || last.Total != 5000 || last.Keys != 4000 || last.Looked < 5000 {
		t.Errorf("told %d times, at last %+v", len(told), last)
	}
}
