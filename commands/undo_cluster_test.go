package commands_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// clustered is a person before a Cluster.
type clustered struct {
	stage
	masters []*redis.Client // by address
}

func newClustered(t *testing.T) clustered {
	t.Helper()
	cluster := redistest.Cluster(t)
	c := clustered{stage: newStage(t, cluster.URL(), map[string]string{"roles": everybody, "people": "ann: 300000000000000001\n"})}
	for _, addr := range cluster.Addrs() {
		node := redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { node.Close() })
		if strings.Contains(node.Info(t.Context(), "replication").Val(), "role:master") {
			c.masters = append(c.masters, node)
		}
	}
	return c
}

// set gives a parameter another value on each master.
func (c clustered) set(t *testing.T, name string, values ...string) {
	t.Helper()
	for i, node := range c.masters {
		if err := node.ConfigSet(t.Context(), name, values[i]).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// values answers a parameter of each master.
func (c clustered) values(t *testing.T, name string) string {
	t.Helper()
	var all []string
	for _, node := range c.masters {
		all = append(all, node.ConfigGet(t.Context(), name).Val()[name])
	}
	return strings.Join(all, " ")
}

// confirmed asks for a program and confirms its plan.
func (c *clustered) confirmed(t *testing.T, text string) commands.Reply {
	t.Helper()
	run, refusal := c.dispatcher.Confirm(t.Context(), c.asks(t, "ann", text))
	if run == nil {
		t.Fatal(saidIn(refusal))
	}
	reply := run(t.Context())
	if reply.Outcome != commands.OK {
		t.Errorf("%s: %s", text, saidIn(reply))
	}
	return reply
}

func (c *clustered) ask(t *testing.T, text string) commands.Reply {
	t.Helper()
	return c.dispatcher.Handle(t.Context(), commands.Request{Text: text, Caller: c.people["ann"]})
}

// TestUndoInACluster holds that each master gets back what it had itself, and
// that flushed keys come back wherever they were.
func TestUndoInACluster(t *testing.T) {
	c := newClustered(t)
	t.Run("a parameter", func(t *testing.T) {
		c.set(t, "slowlog-max-len", "101", "102", "103")
		c.confirmed(t, "!redis config set slowlog-max-len 500")
		if got := c.values(t, "slowlog-max-len"); got != "500 500 500" {
			t.Fatal(got)
		}
		if back := c.ask(t, "!undo"); !strings.Contains(saidIn(back), "1 is as before") || c.values(t, "slowlog-max-len") != "101 102 103" {
			t.Errorf("%s: %s", c.values(t, "slowlog-max-len"), saidIn(back))
		}
	})
	t.Run("a parameter that somebody changed on one master", func(t *testing.T) {
		c.confirmed(t, "!redis config set slowlog-max-len 500")
		if err := c.masters[1].ConfigSet(t.Context(), "slowlog-max-len", "7").Err(); err != nil {
			t.Fatal(err)
		}
		back := saidIn(c.ask(t, "!undo"))
		if !strings.Contains(back, "1 has changed since and is left alone: slowlog-max-len") || c.values(t, "slowlog-max-len") != "101 7 103" {
			t.Errorf("%s: %s", c.values(t, "slowlog-max-len"), back)
		}
		id, _ := changeNamed(back)
		plan := c.ask(t, "!undo "+id+" --force").Plan
		if plan == nil || !strings.Contains(plan.Text, "1 of these since is lost: slowlog-max-len") {
			t.Errorf("the plan is %+v", plan)
		}
		if back := c.confirmed(t, "!undo "+id+" --force"); c.values(t, "slowlog-max-len") != "101 102 103" {
			t.Errorf("%s: %s", c.values(t, "slowlog-max-len"), saidIn(back))
		}
	})
	for _, flush := range []string{"flushdb", "flushall"} {
		t.Run(flush, func(t *testing.T) {
			for i := range 300 {
				c.client.Set(t.Context(), fmt.Sprintf("k%d", i), i, 0)
			}
			c.client.Set(t.Context(), "{helix}:config:log", "ours", 0)
			c.confirmed(t, "!redis "+flush)
			left := c.ask(t, "!redis keys k*")
			if len(left.Output) > 0 || c.client.Get(t.Context(), "{helix}:config:log").Val() != "ours" {
				t.Fatalf("%q are left", left.Output)
			}
			if back := c.ask(t, "!undo"); !strings.Contains(saidIn(back), "300 are as before") {
				t.Errorf("%s", saidIn(back))
			}
			for i := range 300 {
				if got := c.client.Get(t.Context(), fmt.Sprintf("k%d", i)).Val(); got != fmt.Sprint(i) {
					t.Fatalf("k%d is %q", i, got)
				}
			}
		})
	}
}
