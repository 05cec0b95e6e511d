package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// rounds is how often each side of a comparison runs, in turn; medians count.
const rounds = 7

// benchKeys answers how many keys a benchmark loads: HELIX_BENCH_KEYS, or
// enough to see the order of magnitude.
func benchKeys(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("HELIX_BENCH_KEYS"))
	if err != nil {
		return 100_000
	}
	b.Logf("%d keys", n)
	return n
}

// BenchmarkKeys compares `keys session:* | wc -l` of Helix, process start
// included, with `redis-cli KEYS 'session:*' | wc -l` on the same server: the
// time, and in runs of their own the longest wait of a client that pings the
// server all the while.
// HELIX_BENCH_KEYS=1000000 is the case of the README.
func BenchmarkKeys(b *testing.B) {
	n := benchKeys(b)
	server := redistest.Standalone(b)
	fillSessions(b, server.Addr, n)
	host, port, _ := net.SplitHostPort(server.Addr)

	theirs := func() *exec.Cmd {
		return exec.Command("sh", "-c", fmt.Sprintf("redis-cli -h %s -p %s KEYS 'session:*' | wc -l", host, port))
	}
	ours := func() *exec.Cmd {
		return benchHelix(b, server.URL(), "!redis keys session:* | wc -l")
	}
	for b.Loop() {
		them, us := compare(b, server.Addr, fmt.Sprint(n), theirs, ours)
		b.ReportMetric(us.time.Seconds()/them.time.Seconds(), "time/redis-cli")
		b.ReportMetric(them.stall.Seconds()/us.stall.Seconds(), "x-shorter-stall")
		b.ReportMetric(float64(us.stall.Microseconds())/1000, "stall-ms")
		b.ReportMetric(float64(them.stall.Microseconds())/1000, "redis-cli-stall-ms")
		b.ReportMetric(us.memory, "MiB")
	}
}

// BenchmarkKeysThroughAPipeline measures the memory of Helix while every key
// passes through three stages.
func BenchmarkKeysThroughAPipeline(b *testing.B) {
	n := benchKeys(b)
	server := redistest.Standalone(b)
	fillSessions(b, server.Addr, n)
	for b.Loop() {
		m := runOnce(b, fmt.Sprint(n), benchHelix(b, server.URL(), "!redis keys session:* | grep session | cut -d: -f3 | wc -l"))
		b.ReportMetric(m.memory, "MiB")
	}
}

func benchHelix(b *testing.B, url, line string) *exec.Cmd {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self, "exec", "--redis", url, line)
	cmd.Dir = b.TempDir()
	cmd.Env = []string{beHelix + "=1", "HOME=" + cmd.Dir, "PATH=" + os.Getenv("PATH")}
	return cmd
}

// measurement is one run: how long it took, the longest wait of a concurrent
// client, and the most memory that the process had, in MiB.
type measurement struct {
	time, stall time.Duration
	memory      float64
}

// compare runs both sides in turn and answers their medians.
func compare(b *testing.B, addr, want string, theirs, ours func() *exec.Cmd) (them, us measurement) {
	b.Helper()
	var a, z []measurement
	for range rounds {
		a = append(a, measure(b, addr, want, theirs))
		z = append(z, measure(b, addr, want, ours))
	}
	return median(a), median(z)
}

// measure runs a command twice: alone for its time, and beside a probe, which
// takes a share of the processors itself.
func measure(b *testing.B, addr, want string, command func() *exec.Cmd) measurement {
	b.Helper()
	m := runOnce(b, want, command())
	stop := startProbe(b, addr)
	runOnce(b, want, command())
	m.stall = stop()
	return m
}

func runOnce(b *testing.B, want string, cmd *exec.Cmd) measurement {
	b.Helper()
	var out strings.Builder
	cmd.Stdout = &out
	start := time.Now()
	peak, err := peakMemory(cmd)
	took := time.Since(start)
	if err != nil || strings.TrimSpace(out.String()) != want {
		b.Fatalf("%v: %q, want %s (%v)", cmd.Args, out.String(), want, err)
	}
	return measurement{time: took, memory: peak}
}

func median(all []measurement) measurement {
	middle := func(of func(measurement) float64) float64 {
		var values []float64
		for _, m := range all {
			values = append(values, of(m))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return measurement{
		time:   time.Duration(middle(func(m measurement) float64 { return float64(m.time) })),
		stall:  time.Duration(middle(func(m measurement) float64 { return float64(m.stall) })),
		memory: middle(func(m measurement) float64 { return m.memory }),
	}
}

// startProbe pings the server without pause; the answered function stops it
// and tells the longest wait.
func startProbe(b *testing.B, addr string) (stop func() time.Duration) {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	var longest time.Duration
	var wait sync.WaitGroup
	wait.Go(func() {
		reply := make([]byte, 7)
		for {
			select {
			case <-done:
				return
			default:
			}
			start := time.Now()
			if _, err := conn.Write([]byte("PING\r\n")); err != nil {
				return
			}
			if _, err := conn.Read(reply); err != nil {
				return
			}
			longest = max(longest, time.Since(start))
			time.Sleep(200 * time.Microsecond)
		}
	})
	return func() time.Duration {
		close(done)
		wait.Wait()
		conn.Close()
		return longest
	}
}

// fillSessions loads n sessions of the two forms that Helix writes.
func fillSessions(b *testing.B, addr string, n int) {
	b.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	ctx := context.Background()
	value := strings.Repeat("x", 200)
	for from := 0; from < n; from += 10_000 {
		pipe := client.Pipeline()
		for i := from; i < min(n, from+10_000); i++ {
			key := fmt.Sprintf("session:%08x-0000-4000-8000-%012x", i*2654435761%(1<<32), i)
			if i%2 == 0 {
				key = fmt.Sprintf("session:user:user%d@example.com:{%08x}%064x", i%(n/3+1), i%(n/3+1), i)
			}
			pipe.Set(ctx, key, value, 24*time.Hour)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAnswer measures the time from the event that carries a short
// command to the request that answers it, as the fake Discord sees both: the
// way through the gateway, Redis's own time and the way back are in it. It says
// the memory of the idle process and of its peak as well.
func BenchmarkAnswer(b *testing.B) {
	server := redistest.Standalone(b)
	fillSessions(b, server.Addr, 1000)
	acme := newPlace(b)
	helix := acme.launch(b, "REDIS_URL="+server.URL())
	acme.discord.Gateway().AwaitReady(1)
	ann := acme.As("ann")
	ann.Says("#ops", "!redis dbsize").Sees() // connections are made
	pid := helix.cmd.Process.Pid
	idle := memory(b, pid, "VmRSS")
	var waits []time.Duration
	for b.Loop() {
		said := ann.Says("#ops", "!redis ttl session:none")
		answer := said.Sees()
		waits = append(waits, answer.At.Sub(said.At))
	}
	slices.Sort(waits)
	b.ReportMetric(milliseconds(waits[len(waits)/2]), "median-ms")
	b.ReportMetric(milliseconds(waits[len(waits)*99/100]), "p99-ms")
	b.ReportMetric(idle, "idle-MiB")
	b.ReportMetric(memory(b, pid, "VmHWM"), "peak-MiB")
}

// BenchmarkStart measures the time from the start of the process until Discord
// has taken it for ready.
func BenchmarkStart(b *testing.B) {
	server := redistest.Standalone(b)
	acme := newPlace(b)
	var waits []time.Duration
	for b.Loop() {
		n := acme.discord.Gateway().Identifies()
		start := time.Now()
		helix := acme.launch(b, "REDIS_URL="+server.URL())
		acme.discord.Gateway().AwaitReady(n + 1)
		waits = append(waits, time.Since(start))
		helix.stop(b)
		acme.discord.Gateway().AwaitGone()
	}
	slices.Sort(waits)
	b.ReportMetric(milliseconds(waits[len(waits)/2]), "median-ms")
	b.ReportMetric(milliseconds(waits[len(waits)-1]), "longest-ms")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func memory(b *testing.B, pid int, name string) float64 {
	b.Helper()
	mib, err := memoryOf(pid, name)
	if err != nil {
		b.Fatal(err)
	}
	return mib
}
