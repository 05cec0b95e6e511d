package redistest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The suites of this package share what takes long to start.
func TestMain(m *testing.M) { os.Exit(Shared(m).Run()) }

func TestEachGivesAnEmptyServer(t *testing.T) {
	runs := 0
	Each(t, func(t *testing.T, client redis.UniversalClient) {
		runs++
		ctx := context.Background()
		if n, err := client.DBSize(ctx).Result(); n != 0 || err != nil {
			t.Fatalf("%d keys, %v", n, err)
		}
		if err := client.Set(ctx, "a", 1, 0).Err(); err != nil {
			t.Fatal(err)
		}
	})
	if runs != 4 {
		t.Errorf("the suite ran %d times, want 4", runs)
	}
}

func TestServerCanBePausedKilledAndRestarted(t *testing.T) {
	s := Standalone(t)
	ctx := context.Background()
	if !s.answers(ctx) {
		t.Fatal("no answer after the start")
	}
	s.Pause()
	if s.answers(ctx) {
		t.Error("it answers while paused")
	}
	s.Resume()
	Eventually(t, "an answer after Resume", func(ctx context.Context) bool { return s.answers(ctx) })

	c := s.Client()
	if err := c.Set(ctx, "a", 1, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if s.answers(ctx) {
		t.Error("it answers after Kill")
	}
	s.Restart()
	if n, err := c.DBSize(ctx).Result(); n != 0 || err != nil {
		t.Errorf("after Restart: %d keys, %v", n, err)
	}
}

func TestClusterTakesEveryKey(t *testing.T) {
	c := Cluster(t)
	client := c.Client()
	ctx := context.Background()
	for i := range 100 {
		if err := client.Set(ctx, fmt.Sprint("key:", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	total := int64(0)
	for _, s := range c.Masters {
		n, err := s.Client().DBSize(ctx).Result()
		if err != nil || n == 0 {
			t.Errorf("%s holds %d keys, %v", s.Addr, n, err)
		}
		total += n
	}
	if total != 100 {
		t.Errorf("%d keys in all, want 100", total)
	}
}

func TestSentinelsReplaceALostMaster(t *testing.T) {
	s := Sentinel(t)
	client := s.Client()
	ctx := context.Background()
	if err := client.Set(ctx, "a", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Wait(ctx, 1, 10*time.Second).Result(); n == 0 || err != nil {
		t.Fatalf("replicated to %d, %v", n, err)
	}
	s.Master.Kill()
	Eventually(t, "the replica takes over", func(ctx context.Context) bool {
		return client.Incr(ctx, "a").Err() == nil
	})
	if got, err := s.AwaitFailover().Client().Get(ctx, "a").Int(); got < 2 || err != nil {
		t.Errorf("the replica holds %d, %v", got, err)
	}
}
