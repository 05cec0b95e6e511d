package keyspace_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/keyspace"
)

// benchKeys is how many keys the benchmarks scan: HELIX_BENCH_KEYS, or 100,000.
func benchKeys(b *testing.B) int {
	b.Helper()
	text := os.Getenv("HELIX_BENCH_KEYS")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("HELIX_BENCH_KEYS=%s is not a number of keys", text)
	}
	return n
}

// BenchmarkScan holds a whole scan against `redis-cli KEYS 'session:*' | wc -l`
// on the same server, in turns, and says
//
//	time/KEYS   its time as a part of that of KEYS
//	KEYS/stall  how many times longer KEYS makes another client wait
//	stall-ms    how long this makes another client wait
//	peak-MiB    memory taken from the system beyond what there was before
//
// each from the medians of all rounds. For the whole figure:
//
//	HELIX_BENCH_KEYS=1000000 go test -run '^$' -bench 'Scan$' -benchtime 9x ./keyspace
func BenchmarkScan(b *testing.B) {
	server := redistest.Standalone(b)
	n := benchKeys(b)
	populate(b, server.Addr, n)
	k := keyspace.New(server.Client())
	query := keyspace.Query{Pattern: "session:*"}
	var theirs []time.Duration
	m := measured{before: memory()}
	for b.Loop() {
		m.ours(besideProbe(b, server.Addr, func() {
			stats, err := k.Scan(context.Background(), query, func([][]byte) error {
				return nil
			})
			if err != nil || stats.Keys != int64(n) {
				b.Fatalf("%+v, %v; want %d keys", stats, err, n)
			}
		}))
		b.StopTimer()
		took, stall := besideProbe(b, server.Addr, func() { keysAndCount(b, server.Addr, n) })
		theirs = append(theirs, took)
		m.keys(took, stall)
		b.StartTimer()
	}
	b.ReportMetric(float64(median(m.times))/float64(median(theirs)), "time/KEYS")
	m.report(b)
}

// BenchmarkExpireAll gives every session a TTL, and holds that against the
// guide's `KEYS | xargs -I {} redis-cli EXPIRE {} 86400` on a part of them,
// extrapolated. It says
//
//	guide/time  how many times longer the guide's line takes
//
// and what BenchmarkScan says of stalls and memory. For the whole figure:
//
//	HELIX_BENCH_KEYS=1000000 go test -run '^$' -bench 'All$' -benchtime 5x ./keyspace
func BenchmarkExpireAll(b *testing.B) {
	server := redistest.Standalone(b)
	n := benchKeys(b)
	populate(b, server.Addr, n)
	part := min(5000, max(n/100, 1))
	guide, _ := besideProbe(b, server.Addr, func() {
		shellLine(b, server.Addr, fmt.Sprintf("$cli KEYS 'session:*' | head -n %d | xargs -I {} $cli EXPIRE {} 86400", part))
	})
	k := keyspace.New(server.Client())
	m := measured{before: memory()}
	for b.Loop() {
		m.ours(besideProbe(b, server.Addr, func() { applyToAll(b, k, keyspace.Expire(24*time.Hour, keyspace.Always), n) }))
		b.StopTimer()
		m.keys(besideProbe(b, server.Addr, func() { keysAndCount(b, server.Addr, n) }))
		b.StartTimer()
	}
	b.ReportMetric(float64(guide)/float64(part)*float64(n)/float64(median(m.times)), "guide/time")
	m.report(b)
}

// BenchmarkUnlinkAll ends every session, and holds that against `redis-cli
// --scan | xargs -L 1000 redis-cli DEL`, in turns. It says
//
//	DEL/time  how many times longer that line takes
//
// and what BenchmarkScan says of stalls and memory.
func BenchmarkUnlinkAll(b *testing.B) {
	server := redistest.Standalone(b)
	n := benchKeys(b)
	k := keyspace.New(server.Client())
	m := measured{before: memory()}
	var theirs []time.Duration
	for b.Loop() {
		b.StopTimer()
		populate(b, server.Addr, n)
		m.keys(besideProbe(b, server.Addr, func() { keysAndCount(b, server.Addr, n) }))
		took, _ := besideProbe(b, server.Addr, func() {
			shellLine(b, server.Addr, "$cli --scan --pattern 'session:*' | xargs -L 1000 $cli DEL")
		})
		theirs = append(theirs, took)
		populate(b, server.Addr, n)
		b.StartTimer()
		m.ours(besideProbe(b, server.Addr, func() { applyToAll(b, k, keyspace.Unlink(), n) }))
	}
	b.ReportMetric(float64(median(theirs))/float64(median(m.times)), "DEL/time")
	m.report(b)
}

func applyToAll(b *testing.B, k *keyspace.Keyspace, op keyspace.Operation, want int) {
	b.Helper()
	a, err := k.Apply(context.Background(), keyspace.Query{Pattern: "session:*"}, op, nil)
	if err != nil || a.Changed != int64(want) {
		b.Fatalf("%+v, %v; want %d keys changed", a, err, want)
	}
}

// measured is what a benchmark measured in each round.
type measured struct {
	times, stalls, keysStalls []time.Duration
	before, peak              uint64
}

func (m *measured) ours(took, stall time.Duration) {
	m.times, m.stalls = append(m.times, took), append(m.stalls, stall)
	m.peak = max(m.peak, memory())
}

func (m *measured) keys(_, stall time.Duration) { m.keysStalls = append(m.keysStalls, stall) }

func (m *measured) report(b *testing.B) {
	b.ReportMetric(float64(median(m.keysStalls))/float64(median(m.stalls)), "KEYS/stall")
	b.ReportMetric(median(m.stalls).Seconds()*1000, "stall-ms")
	b.ReportMetric(float64(max(m.peak, m.before)-m.before)/(1<<20), "peak-MiB")
}

// keysAndCount runs the guide's line for the number of sessions.
func keysAndCount(b *testing.B, addr string, want int) {
	b.Helper()
	if got := strings.TrimSpace(shellLine(b, addr, "$cli KEYS 'session:*' | wc -l")); got != strconv.Itoa(want) {
		b.Fatalf("redis-cli counts %q, want %d", got, want)
	}
}

// shellLine runs a line of the shell, in which $cli is redis-cli for the server
// at addr, and answers what it prints.
func shellLine(b *testing.B, addr, line string) string {
	b.Helper()
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		b.Skip("there is no redis-cli")
	}
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(os.Environ(), fmt.Sprintf("cli=%s -h %s -p %s", cli, host, port))
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s: %v", line, err)
	}
	return string(out)
}

// besideProbe runs work while another client asks for a key as fast as it is
// answered, and says what the work took and that client's longest wait.
func besideProbe(b *testing.B, addr string, work func()) (took, longest time.Duration) {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	stop, waited := make(chan struct{}), make(chan time.Duration)
	go func() { waited <- probe(conn, stop) }()
	begin := time.Now()
	work()
	took = time.Since(begin)
	close(stop)
	return took, <-waited
}

func probe(conn net.Conn, stop <-chan struct{}) (longest time.Duration) {
	replies := bufio.NewReader(conn)
	for {
		select {
		case <-stop:
			return longest
		default:
		}
		begin := time.Now()
		fmt.Fprint(conn, "GET none\r\n")
		if line, err := replies.ReadString('\n'); err != nil || line != "$-1\r\n" {
			return time.Hour // for a figure that nobody overlooks
		}
		longest = max(longest, time.Since(begin))
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// memory answers how much the process holds from the system.
func memory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// populate writes n sessions of both of the guide's forms, with values of 200
// bytes.
func populate(tb testing.TB, addr string, n int) {
	tb.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	answered := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.Discard, conn, int64(n*len("+OK\r\n")))
		answered <- err
	}()
	w := bufio.NewWriterSize(conn, 256<<10)
	random := rand.New(rand.NewPCG(1, 2))
	value := fmt.Sprintf("%-200s", `{"user_id": "u", "ip": "198.51.100.7", "created_at": 1762500000.5, "last_accessed": 1762500000.5}`)
	for i := range n {
		key := sessionKey(random, i)
		fmt.Fprintf(w, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, len(value), value)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := <-answered; err != nil {
		tb.Fatal(err)
	}
}

func sessionKey(random *rand.Rand, i int) string {
	a, b := random.Uint64(), random.Uint64()
	if i%2 == 0 {
		return fmt.Sprintf("session:%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48, b&0xffffffffffff)
	}
	user := i / 2 % (1 + i/10)
	return fmt.Sprintf("session:user:user%d@example.com:{%06x}%016x%016x%016x%016x", user, user, a, b, a^b, a+b)
}
