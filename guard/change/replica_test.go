package change_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
)

// replica is a server that holds a key and takes no writes, for nobody.
func replica(t *testing.T) *redis.Client {
	t.Helper()
	c := redistest.Standalone(t).Client()
	if err := errors.Join(c.Set(t.Context(), "k", "old", 0).Err(), c.ReplicaOf(t.Context(), "127.0.0.1", "1").Err()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAReplicaThatStaysOneIsNotWaitedFor(t *testing.T) {
	c := replica(t)
	o := options(t, c, &memory{})
	o.Lone, o.Patience = true, time.Hour
	e := change.New(o)
	defer e.Close()
	done := 0
	err := e.Run(t.Context(), from([]change.Step{on("k", true, "SET", "k", "new"), on("l", true, "SET", "l", "new")}), func(change.Done) error {
		done++
		return nil
	})
	var refused *change.RefusedError
	if !errors.As(err, &refused) || refused.Why.Code() != "READONLY" || done != 0 {
		t.Errorf("%d steps are done, %v", done, err)
	}
}

// TestAReplicaMayBecomeTheMaster holds that where another server may take a
// master's place, one that takes no writes yet is waited for.
func TestAReplicaMayBecomeTheMaster(t *testing.T) {
	c := replica(t)
	e := change.New(options(t, c, &memory{}))
	defer e.Close()
	ended := make(chan error, 1)
	go func() {
		ended <- e.Run(t.Context(), from([]change.Step{on("k", true, "SET", "k", "new")}), func(d change.Done) error {
			if string(d.Reply) != "+OK\r\n" {
				return errors.New(string(d.Reply))
			}
			return nil
		})
	}()
	redistest.Eventually(t, "it is refused some times", func(ctx context.Context) bool {
		_, after, _ := strings.Cut(c.Info(ctx, "errorstats").Val(), "errorstat_READONLY:count=")
		return len(after) > 0 && after[0] >= '3'
	})
	if err := c.ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || c.Get(t.Context(), "k").Val() != "new" {
		t.Errorf("%v, and k is %q", err, c.Get(t.Context(), "k").Val())
	}
}
