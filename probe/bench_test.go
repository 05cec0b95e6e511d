package probe_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/probe"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

// BenchmarkProbing says what it costs a server to be probed, with as many
// sessions as HELIX_BENCH_KEYS says, or 100,000:
//
//	core-%        of one core on average, at a probe every 15 s and a census as often
//	              as it is taken, from the server's own account of its CPU time for
//	              one census and for a hundred probes, without what it takes idle
//	census-cpu-s  of the server's CPU a census
//	census-every-s  from one census to the next
//	probe-cpu-us  of the server's CPU a probe without one
//	KEYS/stall    how many times longer `KEYS session:*` makes another client wait
//	              than a census does at its longest
//	KEYS/stall-at-work  the same of how long the server was at work meanwhile, without
//	              what others on the machine make a client wait
//	stall-ms      that longest wait; idle-stall-ms is the same without any work
//	long-waits    waits of more than a sixtieth of that for KEYS, a minute of a
//	              census; idle-long-waits is the same without any work
//
// The stalls are the least of rounds: what else the machine does only adds to
// them. For the whole figure:
//
//	HELIX_BENCH_KEYS=1000000 go test -run '^$' -bench Probing -benchtime 1x -timeout 30m ./probe
//
// With HELIX_BENCH_WHOLE=1 it then probes every 15 s from one census to the next,
// as the bot does, and says in measured-% what that took in truth, with what the
// server takes idle.
func BenchmarkProbing(b *testing.B) {
	server := redistest.Standalone(b)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true, DisableIdentity: true})
	b.Cleanup(func() { client.Close() })
	n, err := strconv.Atoi(os.Getenv("HELIX_BENCH_KEYS"))
	if err != nil {
		n = 100_000
	}
	fill(b, client, n)
	store := sessions.New(client, sessions.Fixed(policy()), sessions.Options{})
	for b.Loop() {
		c := cost{server: client}
		idle := c.of(10*time.Second, func() { waitFor(b, 10*time.Second) })
		var last sessions.Census
		census := c.of(0, func() { last = take(b, store) }) - idle*last.Server.Seconds()*10
		p := probe.New(client, store, probe.Options{}) // it does not Run, so it takes no census
		probes := c.of(0, func() {
			for range 100 {
				if s, err := p.Probe(b.Context()); err != nil || s.Values[sample.Sessions] < float64(n)*0.99 {
					b.Fatalf("%+v, %v", s, err)
				}
			}
		}) / 100
		every := 150 * last.Server.Seconds()
		b.ReportMetric(census, "census-cpu-s")
		b.ReportMetric(every, "census-every-s")
		b.ReportMetric(probes*1e6, "probe-cpu-us")
		b.ReportMetric(100*(census/every+probes/15), "core-%")
		stalls(b, server, client, store)
		if os.Getenv("HELIX_BENCH_WHOLE") != "" {
			long := time.Duration(every * float64(time.Second))
			client.Del(b.Context(), "{helix}:census") // so that it begins with one
			b.ReportMetric(100*c.of(long, func() { probeFor(b, client, store, long) }), "measured-%")
		}
		b.ReportMetric(100*idle, "idle-%")
	}
}

func take(b *testing.B, store *sessions.Store) sessions.Census {
	b.Helper()
	last, err := store.TakeCensus(b.Context(), 10)
	if err != nil {
		b.Fatal(err)
	}
	return last
}

// stalls reports what others wait for.
func stalls(b *testing.B, server *redistest.Server, client *redis.Client, store *sessions.Store) {
	b.Helper()
	asked := server.Addr + " " + client.InfoMap(b.Context(), "server").Item("Server", "process_id")
	var keys, ours, idle waits
	for range 3 {
		keys.beside(b, asked, func() { client.Keys(b.Context(), "session:*") })
		took := ours.beside(b, asked, func() { take(b, store) })
		idle.beside(b, asked, func() { waitFor(b, took/3) })
	}
	b.Logf("longest: KEYS %v, census %v, idle %v", keys.longest, ours.longest, idle.longest)
	b.Logf("at work: KEYS %v, census %v", keys.worked, ours.worked)
	b.ReportMetric(slices.Min(keys.worked).Seconds()/slices.Min(ours.worked).Seconds(), "KEYS/stall-at-work")
	most := slices.Min(keys.longest)
	b.ReportMetric(most.Seconds()/slices.Min(ours.longest).Seconds(), "KEYS/stall")
	b.ReportMetric(slices.Min(ours.longest).Seconds()*1000, "stall-ms")
	b.ReportMetric(slices.Min(idle.longest).Seconds()*1000, "idle-stall-ms")
	b.ReportMetric(ours.above(most/60), "long-waits")
	b.ReportMetric(idle.above(most/60), "idle-long-waits")
}

// probeFor probes as the bot does.
func probeFor(b *testing.B, client *redis.Client, store *sessions.Store, long time.Duration) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), long)
	defer cancel()
	p := probe.New(client, store, probe.Options{Failed: func(err error) { b.Error(err) }})
	go p.Run(ctx)
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		if s, err := p.Probe(ctx); err != nil || s.Values[sample.Up] != 1 {
			b.Logf("%+v, %v", s, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// cost is the CPU time of a server.
type cost struct{ server *redis.Client }

// of answers what the server took for work, in seconds; over some time, in
// seconds a second.
func (c cost) of(over time.Duration, work func()) float64 {
	before := c.used()
	work()
	used := c.used() - before
	if over > 0 {
		used /= over.Seconds()
	}
	return used
}

func (c cost) used() (seconds float64) {
	text := c.server.Info(context.Background(), "cpu").Val()
	for line := range strings.Lines(text) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name == "used_cpu_sys" || name == "used_cpu_user" {
			n, _ := strconv.ParseFloat(value, 64)
			seconds += n
		}
	}
	return seconds
}

func waitFor(b *testing.B, long time.Duration) {
	select {
	case <-time.After(long):
	case <-b.Context().Done():
	}
}

// fill writes sessions of both forms, each with an end.
func fill(b *testing.B, client *redis.Client, n int) {
	b.Helper()
	now := time.Now().Unix()
	for from := 0; from < n; from += 1000 {
		_, err := client.Pipelined(b.Context(), func(p redis.Pipeliner) error {
			for i := from; i < min(from+1000, n); i++ {
				user := fmt.Sprintf("user%d@example.com", i/8)
				key := fmt.Sprintf("session:%08x-0000-4000-8000-%012d", i*2654435761%(1<<32), i)
				if i%2 == 0 {
					key = fmt.Sprintf("session:user:%s:{%06x}%032d", user, i/8%(1<<24), i)
				}
				value := fmt.Sprintf(`{"user_id":"%s","ip":"203.0.%d.%d","created_at":%d.123456,"last_accessed":%d.123456,"authenticated_at":%d.123456}`,
					user, i>>8&255, i&255, now-int64(i%7200), now, now)
				p.Set(b.Context(), key, value, 2*time.Hour)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// askEvery is how often a client asks that is to see how long it waits: not without
// pause, which would keep a processor busy by itself.
const askEvery = 200 * time.Microsecond

// waits are how long a client waited that asked for a key all the while.
type waits struct {
	longest []time.Duration // of each round
	worked  []time.Duration // the most that the server was at work during one, of each round
	long    []time.Duration // of more than a millisecond, of all rounds
	took    time.Duration   // all rounds
}

// above answers how many waits were longer than that, a minute.
func (w *waits) above(most time.Duration) float64 {
	n := 0
	for _, wait := range w.long {
		if wait > most {
			n++
		}
	}
	return float64(n) / w.took.Minutes()
}

// asker names the server, and its process, that a process is to ask which this
// program starts, so that the waits are not those of this one's own garbage collector.
const asker = "HELIX_BENCH_ASK"

// beside has a client ask while work goes on, and answers how long that took.
func (w *waits) beside(b *testing.B, asked string, work func()) time.Duration {
	b.Helper()
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), asker+"="+asked)
	stop, err := client.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	client.Stdout = &out
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	work()
	took := time.Since(began)
	if err := errors.Join(stop.Close(), client.Wait()); err != nil {
		b.Fatal(err)
	}
	longest, most := time.Duration(0), time.Duration(0)
	for line := range strings.Lines(out.String()) {
		var wait, worked time.Duration
		if _, err := fmt.Sscan(line, (*int64)(&wait), (*int64)(&worked)); err != nil {
			b.Fatal(err)
		}
		longest, most, w.long = max(longest, wait), max(most, worked), append(w.long, wait)
	}
	w.longest, w.worked, w.took = append(w.longest, longest), append(w.worked, most), w.took+took
	return took
}

// ask asks a server for a key until its input ends, and prints each wait of more
// than a millisecond, with how long the server was at work meanwhile, in nanoseconds.
func ask(asked string) error {
	addr, pid, _ := strings.Cut(asked, " ")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for in := bufio.NewReader(conn); ; {
		select {
		case <-ended:
			return nil
		case <-tick.C:
		}
		worked, began := redistest.Worked(pid), time.Now()
		fmt.Fprint(conn, "GET none\r\n")
		if line, err := in.ReadString('\n'); err != nil || line != "$-1\r\n" {
			return fmt.Errorf("%q: %w", line, err)
		}
		if wait := time.Since(began); wait > time.Millisecond {
			fmt.Println(wait.Nanoseconds(), (redistest.Worked(pid) - worked).Nanoseconds())
		}
	}
}
