package guard_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
)

func TestACluster(t *testing.T) {
	cluster := redistest.Cluster(t)
	b := newBench(t, cluster.URL())
	var all []string
	for i := range 300 {
		k := fmt.Sprintf("session:user:%03d", i)
		b.must(t, "SET", k, i)
		all = append(all, k)
	}
	for _, c := range []struct{ line, want string }{
		{"dbsize", "300\n"},
		{"keys session:user:1?0", lines("session:user:100", "session:user:110", "session:user:120", "session:user:130", "session:user:140",
			"session:user:150", "session:user:160", "session:user:170", "session:user:180", "session:user:190")},
		{"--scan", lines(all...)},
		{"mget session:user:001 nothing session:user:299", "1\n\n299\n"},
		{"exists session:user:001 session:user:002 nothing", "2\n"},
		{"touch session:user:001 session:user:002", "2\n"},
		{"get session:user:123", "123\n"},
		{"config get maxmemory", "maxmemory\n0\n"},
	} {
		r := b.do(t, everyone, strings.Fields(c.line)...)
		got, want := r.stdout, c.want
		if strings.HasPrefix(c.line, "keys") || strings.HasPrefix(c.line, "--scan") {
			got, want = sortedLines(got), sortedLines(want)
		}
		if r.err != nil || got != want {
			t.Errorf("%s: %v, %.200q, want %.200q", c.line, r.err, got, want)
		}
	}
	if r := b.do(t, everyone, "info", "keyspace"); r.err != nil || strings.Count(r.stdout, "# Node ") != 3 || strings.Count(r.stdout, "db0:") != 3 {
		t.Errorf("info: %+v", r)
	}
	if r := b.do(t, everyone, "scan", "0"); r.err == nil || !strings.Contains(r.err.Error(), "--scan") {
		t.Errorf("a typed SCAN: %+v", r)
	}
	batch := make([][]string, len(all))
	for i, k := range all {
		batch[i] = []string{"get", k}
	}
	var out sink
	if _, err := b.DoBatch(t.Context(), everyone, batch, &out, &out); err != nil || !strings.HasPrefix(out.String(), "0\n1\n2\n") {
		t.Errorf("a batch: %v, %.60q", err, out.String())
	}
	now := time.Now()
	b = newBenchWith(t, cluster.URL(), guard.Options{Now: func() time.Time { return now }})
	b.Guard = b.WithCache()
	b.Prefetch(t.Context(), everyone, batch)
	for i, args := range batch {
		b.must(t, "SET", args[1], "other")
		if r := b.do(t, everyone, args...); r.err != nil || r.stdout != fmt.Sprintln(i) {
			t.Errorf("%v, prefetched: %+v", args, r)
		}
	}
}

func lines(list ...string) string { return strings.Join(list, "\n") + "\n" }

func TestBehindSentinel(t *testing.T) {
	servers := redistest.Sentinel(t)
	b := newBench(t, servers.URL())
	b.must(t, "SET", "session:1", "v")
	for _, c := range []struct{ line, want string }{
		{"dbsize", "1\n"}, {"keys *", "session:1\n"}, {"get session:1", "v\n"}, {"--scan --pattern session:*", "session:1\n"}, {"-n 3 dbsize", "0\n"},
	} {
		if r := b.do(t, everyone, strings.Fields(c.line)...); r.err != nil || r.stdout != c.want {
			t.Errorf("%s: %+v, want %q", c.line, r, c.want)
		}
	}
	if r := b.do(t, everyone, "role"); !strings.HasPrefix(r.stdout, "master\n") {
		t.Errorf("it asks %q", r.stdout)
	}
	m := b.making(t)
	named := int64(0) // of those that a busy machine's replica was late with
	redistest.Eventually(t, "a command that a replica has is not named", func(context.Context) bool {
		before := named
		b.do(t, everyone, "set", "a", "1")
		named = m.Report().Unreplicated
		return named == before
	})
	for _, replica := range servers.Replicas {
		replica.Kill()
	}
	master := servers.Master.Client()
	redistest.Eventually(t, "the master sees its replicas go", func(ctx context.Context) bool {
		info, err := master.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "connected_slaves:0")
	})
	b.do(t, everyone, "set", "a", "2")
	if n := m.Report().Unreplicated - named; n != 1 {
		t.Errorf("%d commands that a replica lacks which has gone, want 1", n)
	}
}
