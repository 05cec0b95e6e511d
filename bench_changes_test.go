package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
)

// changeRounds is how often each side of a change runs, in turn; medians count.
const changeRounds = 3

// BenchmarkSetTTLOnAll holds the guide's line that gives every session a TTL
// against the same line in a shell, where each key costs a process: it is run
// over up to 5,000 keys there, and taken times as many as there are. The stall
// is the longest wait of a client that pings the server meanwhile, against the
// one that KEYS causes.
// HELIX_BENCH_KEYS=1000000 is the case of docs/results.md.
func BenchmarkSetTTLOnAll(b *testing.B) {
	n := benchKeys(b)
	server := redistest.Standalone(b)
	fillSessions(b, server.Addr, n)
	some := min(n/20+1, 5000)
	host, port, _ := net.SplitHostPort(server.Addr)
	cli := fmt.Sprintf("redis-cli -h %s -p %s", host, port)
	for b.Loop() {
		var theirs, ours, stalls, keys []time.Duration
		for range changeRounds {
			shell := took(b, exec.Command("sh", "-c", fmt.Sprintf("%s KEYS 'session:*' | head -%d | xargs -I {} %s EXPIRE {} 86400", cli, some, cli)))
			theirs = append(theirs, time.Duration(float64(shell)*float64(n)/float64(some)))
			line := []string{"--yes", "--timeout", "10m", `redis-cli KEYS "session:*" | xargs -I {} redis-cli EXPIRE {} 86400`}
			ours = append(ours, took(b, benchExec(b, server.URL(), nil, line...)))
			stalls = append(stalls, stallDuring(b, server.Addr, benchExec(b, server.URL(), nil, line...)))
			keys = append(keys, stallDuring(b, server.Addr, exec.Command("sh", "-c", cli+" KEYS 'session:*'")))
		}
		b.ReportMetric(middle(theirs).Seconds()/middle(ours).Seconds(), "x-faster")
		b.ReportMetric(middle(keys).Seconds()/middle(stalls).Seconds(), "x-shorter-stall-than-KEYS")
		b.ReportMetric(milliseconds(middle(stalls)), "stall-ms")
	}
}

// BenchmarkClearAll holds the clearing of all sessions against
// `redis-cli --scan | xargs -L 1000 redis-cli DEL`: at once with nothing kept,
// and with plan, confirmation and journal in the console.
// HELIX_BENCH_KEYS=1000000 is the case of docs/results.md.
func BenchmarkClearAll(b *testing.B) {
	n := benchKeys(b)
	server := redistest.Standalone(b)
	host, port, _ := net.SplitHostPort(server.Addr)
	cli := fmt.Sprintf("redis-cli -h %s -p %s", host, port)
	const line = `redis-cli --scan --pattern "session:*" | xargs -L 1000 redis-cli DEL`
	shell := func() *exec.Cmd {
		return exec.Command("sh", "-c", fmt.Sprintf("%s --scan --pattern 'session:*' | xargs -L 1000 %s DEL", cli, cli))
	}
	bare := func() *exec.Cmd {
		return benchExec(b, server.URL(), []string{"HELIX_UNDO_RETENTION=0"}, "--yes", "--timeout", "10m", line)
	}
	planned := func() *exec.Cmd {
		cmd := benchExec(b, server.URL(), []string{"HELIX_SHELL_TIMEOUT=10m", "HELIX_CONFIRM_WORD_ABOVE=100000000"})
		cmd.Args = append(cmd.Args[:1], "console", "--redis", server.URL())
		cmd.Stdin = strings.NewReader("!" + line + "\ny\n")
		return cmd
	}
	clear := func(cmd *exec.Cmd) time.Duration {
		fillSessions(b, server.Addr, n)
		defer cleared(b, server)
		return took(b, cmd)
	}
	stall := func(cmd *exec.Cmd) time.Duration {
		fillSessions(b, server.Addr, n)
		defer cleared(b, server)
		return stallDuring(b, server.Addr, cmd)
	}
	for b.Loop() {
		var theirs, without, with, stalls, keys []time.Duration
		for range changeRounds {
			theirs, without, with = append(theirs, clear(shell())), append(without, clear(bare())), append(with, clear(planned()))
			stalls = append(stalls, stall(planned()))
			fillSessions(b, server.Addr, n)
			keys = append(keys, stallDuring(b, server.Addr, exec.Command("sh", "-c", cli+" KEYS 'session:*'")))
		}
		b.ReportMetric(middle(theirs).Seconds()/middle(without).Seconds(), "x-faster-bare")
		b.ReportMetric(middle(theirs).Seconds()/middle(with).Seconds(), "x-faster-planned-and-kept")
		b.ReportMetric(middle(keys).Seconds()/middle(stalls).Seconds(), "x-shorter-stall-than-KEYS")
		b.ReportMetric(milliseconds(middle(stalls)), "stall-ms")
	}
}

// benchExec prepares helix exec in a folder of its own.
func benchExec(b *testing.B, url string, env []string, args ...string) *exec.Cmd {
	b.Helper()
	cmd := benchHelix(b, url, "")
	cmd.Args = append(cmd.Args[:len(cmd.Args)-1], args...)
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func took(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	var said strings.Builder
	cmd.Stderr = &said
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%v: %v: %s", cmd.Args, err, said.String())
	}
	return time.Since(start)
}

func stallDuring(b *testing.B, addr string, cmd *exec.Cmd) time.Duration {
	b.Helper()
	stop := startProbe(b, addr)
	took(b, cmd)
	return stop()
}

// cleared ends the benchmark if sessions are left.
func cleared(b *testing.B, server *redistest.Server) {
	b.Helper()
	c := server.Client()
	keys, _, err := c.ScanType(context.Background(), 0, "session:*", 10_000_000, "string").Result()
	if err != nil || len(keys) > 0 {
		b.Fatalf("%d sessions are left, %v", len(keys), err)
	}
}

func middle(all []time.Duration) time.Duration {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
