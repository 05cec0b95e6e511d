package change_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
)

func TestFlushLeavesWhatIsUnderThePrefix(t *testing.T) {
	redistest.EachSingle(t, func(t *testing.T, c *redis.Client) {
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
			if err := change.Flush(ctx, c, change.Own{Prefix: "own:"}); err != nil {
				t.Fatal(err)
			}
			if n := c.DBSize(ctx).Val(); n != 2 || c.Get(ctx, "own:a").Val() != "1" || c.TTL(ctx, "own:a").Val() <= 0 || c.XLen(ctx, "own:log").Val() < 1 {
				t.Errorf("names taken elsewhere: %v; %d keys are left: %v", taken, n, c.Keys(ctx, "*").Val())
			}
		}
	})
}

// tapped is a connection that tells what is about to be sent.
type tapped struct {
	net.Conn
	tell func(sent string)
}

func (c *tapped) Write(p []byte) (int, error) {
	c.tell(string(p))
	return c.Conn.Write(p)
}

// before is a client of a server that has something happen right before it first
// sends a word.
func before(t *testing.T, c *redis.Client, word string, happens func()) *redis.Client {
	t.Helper()
	o := *c.Options()
	once := sync.OnceFunc(happens)
	o.Protocol = 2
	dial := o.Dialer
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &tapped{conn, func(sent string) {
			if strings.Contains(sent, "\r\n"+word+"\r\n") {
				once()
			}
		}}, err
	}
	other := redis.NewClient(&o)
	t.Cleanup(func() { other.Close() })
	return other
}

// TestFlushLeavesWhatAppearsMeanwhile holds that what is made of our own between
// the look at the keys and the flush stays, as far as its name can be told: when
// the scan is over, and when the index has been read.
func TestFlushLeavesWhatAppearsMeanwhile(t *testing.T) {
	for _, word := range []string{"WATCH", "MULTI"} {
		t.Run(word, func(t *testing.T) {
			redistest.EachSingle(t, func(t *testing.T, c *redis.Client) {
				ctx := t.Context()
				c.MSet(ctx, "own:a", "1", "own:plan:0", "1", "other:1", "v", "other:2", "v")
				c.ZAdd(ctx, "own:plans", redis.Z{Member: "0"})
				own := change.Own{Prefix: "own:", Names: []string{"own:fixed", "own:none"}, Indexes: map[string]string{"own:plans": "own:plan:"}}
				err := change.Flush(ctx, before(t, c, word, func() {
					c.Set(ctx, "own:fixed", "1", time.Hour)
					c.Set(ctx, "own:plan:x", "1", 0)
					c.ZAdd(ctx, "own:plans", redis.Z{Member: "x"}, redis.Z{Member: "gone"})
					c.Set(ctx, "other:3", "v", 0)
				}), own)
				if err != nil {
					t.Fatal(err)
				}
				left := c.Keys(ctx, "*").Val()
				slices.Sort(left)
				if want := []string{"own:a", "own:fixed", "own:plan:0", "own:plan:x", "own:plans"}; !slices.Equal(left, want) || c.TTL(ctx, "own:fixed").Val() <= 0 {
					t.Errorf("%v are left, want %v", left, want)
				}
			})
		})
	}
}

// TestAFlushTakesNoTimeForWhatStays holds that a long log of our own costs the
// server next to nothing.
func TestAFlushTakesNoTimeForWhatStays(t *testing.T) {
	c := redistest.Standalone(t).Client()
	ctx := t.Context()
	const records = 100_000
	if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range records {
			p.XAdd(ctx, &redis.XAddArgs{Stream: "own:log", Values: []string{"record", strings.Repeat("x", 100+i%100)}})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c.MSet(ctx, "other:1", "v", "other:2", "v")
	c.Dump(ctx, "own:log")
	if err := change.Flush(ctx, c, change.Own{Prefix: "own:"}); err != nil {
		t.Fatal(err)
	}
	if c.XLen(ctx, "own:log").Val() != records || c.DBSize(ctx).Val() != 1 {
		t.Fatalf("%d records, %d keys", c.XLen(ctx, "own:log").Val(), c.DBSize(ctx).Val())
	}
	if copied, moved := spent(t, c, "dump"), spent(t, c, "move")+spent(t, c, "flushdb"); 5*moved > copied {
		t.Errorf("it takes the server %d µs to flush, and %d µs to copy the log once", moved, copied)
	}
}

// spent is how many microseconds a server has spent on a command.
func spent(t *testing.T, c *redis.Client, name string) (usec int) {
	t.Helper()
	_, after, _ := strings.Cut(c.Info(t.Context(), "commandstats").Val(), "cmdstat_"+name+":")
	_, after, _ = strings.Cut(after, "usec=")
	if _, err := fmt.Sscanf(after, "%d,", &usec); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return usec
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
