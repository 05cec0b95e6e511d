package change_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
)

func TestFlushLeavesWhatIsUnderThePrefix(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c *redis.Client) {
		for _, taken := range []bool{false, true} {
			ctx := t.Context()
			c.Set(ctx, "own:a", "1", time.Hour)
			c.XAdd(ctx, &redis.XAddArgs{Stream: "own:log", Values: []string{"a", "b"}})
			for i := range 1500 {
				c.Set(ctx, "other:"+strconv.Itoa(i), "v", 0)
			}
			if taken { // then they cannot be moved aside
				for _, db := range []int{15, 14, 13, 1} {
					o := *c.Options()
					o.DB = db
					elsewhere := redis.NewClient(&o)
					defer elsewhere.Close()
					elsewhere.Set(ctx, "own:a", "theirs", 0)
				}
			}
			if err := change.Flush(ctx, c, "own:"); err != nil {
				t.Fatal(err)
			}
			if n := c.DBSize(ctx).Val(); n != 2 || c.Get(ctx, "own:a").Val() != "1" || c.TTL(ctx, "own:a").Val() <= 0 || c.XLen(ctx, "own:log").Val() < 1 {
				t.Errorf("names taken elsewhere: %v; %d keys are left: %v", taken, n, c.Keys(ctx, "*").Val())
			}
		}
	})
}

func TestAChangeReachesIntoSeveralDatabases(t *testing.T) {
	server := redistest.Standalone(t)
	clients := make(map[int]*redis.Client)
	for db := range 3 {
		o := *server.Client().Options()
		o.DB, o.Protocol = db, 2
		clients[db] = redis.NewClient(&o)
		defer clients[db].Close()
	}
	var steps []change.Step
	for i := range 12 {
		key := strconv.Itoa(i)
		steps = append(steps, change.Step{DB: i / 2 % 3, Argv: []string{"INCR", key}, Keys: []change.Key{{Name: key, Alters: true}}})
	}
	e := change.New(change.Options{Client: func(db int) (redis.UniversalClient, error) { return clients[db], nil }, Journal: &memory{}, ID: "test"})
	n := 0
	err := e.Run(t.Context(), from(steps), func(change.Done) error { n++; return nil })
	e.Close()
	if err != nil || n != len(steps) {
		t.Errorf("%d steps, %v", n, err)
	}
	for db, c := range clients {
		if left := c.Exists(t.Context(), "{helix}:change:test").Val(); left != 0 {
			t.Errorf("the marker stays in database %d", db)
		}
	}
}
