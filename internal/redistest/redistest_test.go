package redistest

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

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
	if runs == 0 {
		t.Error("the suite never ran")
	}
}

func TestServerCanBePausedKilledAndRestarted(t *testing.T) {
	s := Standalone(t)
	ctx := context.Background()
	if !answers(ctx, s.Addr) {
		t.Fatal("no answer after the start")
	}
	s.Pause()
	if answers(ctx, s.Addr) {
		t.Error("it answers while paused")
	}
	s.Resume()
	eventually(t, "an answer after Resume", func(ctx context.Context) bool { return answers(ctx, s.Addr) })

	c := s.Client(t)
	if err := c.Set(ctx, "a", 1, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if answers(ctx, s.Addr) {
		t.Error("it answers after Kill")
	}
	s.Restart()
	if n, err := c.DBSize(ctx).Result(); n != 0 || err != nil {
		t.Errorf("after Restart: %d keys, %v", n, err)
	}
}
