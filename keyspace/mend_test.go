package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/keyspace"
)

// cutter is a way to a server on which a reply can be lost: the server has done
// what it was told, and the connection breaks before it can say so.
type cutter struct{ armed atomic.Bool }

func (c *cutter) client(t *testing.T, addr string) *redis.Client {
	client := redis.NewClient(&redis.Options{Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, addr)
		return &cutConn{Conn: conn, by: c}, err
	}})
	t.Cleanup(func() { client.Close() })
	return client
}

type cutConn struct {
	net.Conn
	by *cutter
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.by.armed.CompareAndSwap(true, false) {
		c.Conn.Close()
		return 0, errors.New("the connection is cut")
	}
	return n, err
}

func TestALostReplyIsAskedForAgain(t *testing.T) {
	server := redistest.Standalone(t)
	for _, tt := range []struct {
		name    string
		op      keyspace.Operation
		certain bool // the second answer says who made the change
	}{
		{"expire", keyspace.Expire(time.Hour, keyspace.Always), true},
		{"expire if none", keyspace.Expire(time.Hour, keyspace.IfNoTTL), false},
		{"exists", keyspace.Exists(), true},
		{"unlink", keyspace.Unlink(), false},
	} {
		var cut cutter
		c := cut.client(t, server.Addr)
		fill(t, c, "session:", 2000)
		calls, told := 0, make(map[keyspace.Outcome]int64)
		a, err := keyspace.New(c).ApplyTo(t.Context(), listed(numbered("session:", 2000)...), tt.op, keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
			for _, r := range results {
				told[r.Outcome]++
			}
			calls++
			cut.armed.Store(calls == 3)
			return nil
		})
		adds(t, a)
		if err != nil || a.Partial || a.Asked != 2000 || a.Changed+a.Answered+a.Unknown != 2000 || a.Again == 0 || a.Resumed != 1 {
			t.Errorf("%s: %+v, %v", tt.name, a, err)
		}
		if (a.Unknown == 0) != tt.certain || a.Unknown > a.Again || told[keyspace.Unknown] != a.Unknown {
			t.Errorf("%s: %d keys were sent again, of %d it is not known", tt.name, a.Again, a.Unknown)
		}
	}
	if n := server.Client().DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

// A server that came back empty lacks what was changed before. Whether the last
// batch reached the old one before its end, nobody can tell.
func TestARunGoesOnAfterARestart(t *testing.T) {
	server := redistest.Standalone(t)
	c := server.Client()
	fill(t, c, "session:", 5000)
	var before int64
	a, err := keyspace.New(c).ApplyTo(t.Context(), listed(numbered("session:", 5000)...), keyspace.Expire(time.Hour, keyspace.IfNoTTL), keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
		if before < 1000 {
			if before += int64(len(results)); before >= 1000 {
				server.Restart()
			}
		}
		return nil
	})
	if adds(t, a); err != nil || a.Replaced != 1 || a.Changed != before || a.Missing+a.Unknown != 5000-before || a.Unknown != a.Again {
		t.Errorf("%+v, %v; %d before the restart", a, err, before)
	}
}

func TestALostServerLeavesExactCounts(t *testing.T) {
	t.Parallel()
	server := redistest.Standalone(t)
	c := server.Client()
	fill(t, c, "session:", 5000)
	told := int64(0)
	a, err := keyspace.New(c).ApplyTo(t.Context(), listed(numbered("session:", 5000)...), keyspace.Persist(), keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
		if told += int64(len(results)); told >= 1000 {
			server.Kill()
		}
		return nil
	})
	var unfinished *keyspace.UnfinishedError
	if adds(t, a); !errors.As(err, &unfinished) || unfinished.Applied != a || a.Asked != told || a.Unchanged+a.Unknown != told || told > 4000 {
		t.Errorf("%+v, %v; %d told", a, err, told)
	}
}

// A replica takes no changes. It may be about to become the master.
// On one server, which is made a replica.
func TestAReplicaIsWaitedForAndThenSaid(t *testing.T) {
	t.Parallel()
	c := redistest.Standalone(t).Client()
	ctx := t.Context()
	fill(t, c, "session:", 500)
	if err := c.ReplicaOf(ctx, "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	a, err := keyspace.New(c).Apply(ctx, keyspace.Query{}, keyspace.Unlink(), nil)
	if adds(t, a); err == nil || !strings.Contains(err.Error(), "READONLY") || a.Refused == 0 || a.Refused != a.Asked {
		t.Errorf("%+v, %v", a, err)
	}
	promoted := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() { promoted <- c.ReplicaOf(ctx, "NO", "ONE").Err() })
	a, err = keyspace.New(c).Apply(ctx, keyspace.Query{Patience: time.Minute}, keyspace.Unlink(), nil)
	if adds(t, a); err != nil || a.Changed != 500 || <-promoted != nil {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestARunOutlastsAFailover(t *testing.T) {
	t.Parallel()
	sentinel := redistest.Sentinel(t)
	c := sentinel.Client()
	ctx := t.Context()
	fill(t, c, "session:", 10_000)
	batches := 0
	a, err := keyspace.New(c).Apply(ctx, keyspace.Query{Pattern: "session:*", Count: 100, Patience: 30 * time.Second}, keyspace.Expire(time.Hour, keyspace.Always), func([]keyspace.Result) error {
		if batches++; batches == 5 {
			replicate(t, c)
			sentinel.Master.Kill()
		}
		return nil
	})
	if adds(t, a); err != nil || a.Replaced != 1 || a.Scan.Restarted != 1 || a.Changed+a.Unknown != 10_000 {
		t.Errorf("%+v, %v", a, err)
	}
	eternal, err := keyspace.New(c).Apply(ctx, keyspace.Query{Pattern: "session:*"}, keyspace.Expire(time.Hour, keyspace.IfNoTTL), nil)
	if err != nil || eternal.Unchanged != 10_000 {
		t.Errorf("afterwards: %+v, %v", eternal, err)
	}
}

// replicate waits until the replica has all that was written so far.
func replicate(t *testing.T, c *redis.Client) {
	t.Helper()
	conn := c.Conn()
	defer conn.Close()
	if err := conn.Set(t.Context(), "mark", 1, time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Wait(t.Context(), 2, 10*time.Second).Result(); n != 2 || err != nil {
		t.Fatalf("replicated to %d, %v", n, err)
	}
}

func TestARunFollowsASlotThatMoves(t *testing.T) {
	t.Parallel()
	cluster := redistest.Cluster(t)
	c := cluster.Client()
	ctx := t.Context()
	fill(t, c, "session:", 3000)
	fill(t, c, "{moving}:", 3000)
	move := newMove(t, cluster, "{moving}:0")
	batches := 0
	keys := append(numbered("session:", 3000), numbered("{moving}:", 3000)...)
	a, err := keyspace.New(c).ApplyTo(ctx, listed(keys...), keyspace.Expire(time.Hour, keyspace.IfNoTTL), keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
		switch batches++; {
		case batches == 2:
			move.begin()
			move.some(1500)
		case strings.HasPrefix(string(results[0].Key), "{moving}") && !move.done:
			move.some(3000)
			move.finish()
		}
		return nil
	})
	if adds(t, a); err != nil || a.Changed != 6000 || !move.done {
		t.Errorf("%+v, %v, moved: %v", a, err, move.done)
	}
	k := keyspace.New(c)
	if a, err = k.Apply(ctx, keyspace.Query{}, keyspace.Persist(), nil); err != nil || a.Changed != 6000 || a.Scan.Nodes != 3 {
		t.Errorf("persist: %+v, %v", a, err)
	}
	if a, err = k.Apply(ctx, keyspace.Query{}, keyspace.Unlink(), nil); err != nil || a.Changed != 6000 {
		t.Errorf("unlink: %+v, %v", a, err)
	}
}

// move is a slot on its way from one master of a Cluster to another.
type move struct {
	t        *testing.T
	slot     int64
	from, to *redis.Client
	host     string
	port     string
	ids      [2]string
	done     bool
}

func newMove(t *testing.T, cluster *redistest.ClusterServers, key string) *move {
	t.Helper()
	ctx := t.Context()
	slot, err := cluster.Client().ClusterKeySlot(ctx, key).Result()
	if err != nil {
		t.Fatal(err)
	}
	from := int(slot) * len(cluster.Masters) / 16384
	target := cluster.Masters[(from+1)%len(cluster.Masters)]
	m := &move{t: t, slot: slot, from: cluster.Masters[from].Client(), to: target.Client()}
	m.host, m.port, _ = strings.Cut(target.Addr, ":")
	for i, c := range []*redis.Client{m.from, m.to} {
		if m.ids[i], err = c.Do(ctx, "CLUSTER", "MYID").Text(); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m *move) tell(c *redis.Client, words ...any) {
	if err := c.Do(context.Background(), append([]any{"CLUSTER", "SETSLOT", m.slot}, words...)...).Err(); err != nil {
		m.t.Error(fmt.Errorf("move the slot: %w", err))
	}
}

func (m *move) begin() {
	m.tell(m.to, "IMPORTING", m.ids[0])
	m.tell(m.from, "MIGRATING", m.ids[1])
}

// some moves up to n keys of the slot.
func (m *move) some(n int) {
	ctx := context.Background()
	keys, err := m.from.ClusterGetKeysInSlot(ctx, int(m.slot), n).Result()
	if err != nil {
		m.t.Error(err)
	}
	args := []any{"MIGRATE", m.host, m.port, "", 0, 5000, "KEYS"}
	for _, key := range keys {
		args = append(args, key)
	}
	if err := m.from.Do(ctx, args...).Err(); err != nil {
		m.t.Error(err)
	}
}

func (m *move) finish() {
	m.tell(m.to, "NODE", m.ids[1])
	m.tell(m.from, "NODE", m.ids[1])
	m.done = true
}
