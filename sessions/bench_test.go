package sessions_test

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

const (
	connections = 50     // of each side
	requests    = 30_000 // of each side in a round
	rounds      = 5      // each side in turn; the median of the rounds' ratios counts
)

// ratios are what a benchmark reports: of each name one for each round.
type ratios map[string][]float64

func (r ratios) note(name string, one, other float64) { r[name] = append(r[name], one/other) }

func (r ratios) report(b *testing.B) {
	for name, all := range r {
		b.ReportMetric(median(all), name)
	}
}

// BenchmarkValidate holds Validate against GET of the same key, from Go and by
// redis-benchmark, and against redis-benchmark running the same script, at equal
// connections and without pipelining. Of redis-benchmark's two it compares the
// server's time as well, which says more on a machine that has other things to do.
//
// One session is used over and over, so that its index is left alone within a
// second; "each-once" is for sessions that are used once in a round.
func BenchmarkValidate(b *testing.B) {
	server, store, client := benchStore(b)
	var tokens []sessions.Token
	var key string
	for i := range requests {
		token, s, err := store.Create(b.Context(), session(int64(i)))
		if err != nil {
			b.Fatal(err)
		}
		tokens, key = append(tokens, token), s.Key
	}
	last := tokens[requests-1]
	validate := func(token sessions.Token, i int64) error {
		_, err := store.Validate(b.Context(), token, session(i).IP)
		return err
	}
	call := sessions.ValidateCall(store, last, session(requests-1).IP)
	for b.Loop() {
		all := make(ratios)
		for range rounds {
			ours := atOnceFrom(b, func(int64) error { return validate(last, requests-1) })
			each := atOnceFrom(b, func(i int64) error { return validate(tokens[i], i) })
			plain := atOnceFrom(b, func(int64) error { return client.Get(b.Context(), key).Err() })
			get, getTime := redisBenchmark(b, server, "GET", key)
			same, sameTime := redisBenchmark(b, server, call...)
			all.note("of-GET", ours, get)
			all.note("of-GET-from-Go", ours, plain)
			all.note("of-the-script", ours, same)
			all.note("each-once-of-GET", each, get)
			all.note("script-of-GET", same, get)
			all.note("script-of-GET-by-cpu", getTime, sameTime)
		}
		all.report(b)
	}
}

// BenchmarkCreate holds Create, with all limits, against redis-benchmark's SET
// with a TTL of values of the same length.
func BenchmarkCreate(b *testing.B) {
	server, store, client := benchStore(b)
	_, s, err := store.Create(b.Context(), session(0))
	if err != nil {
		b.Fatal(err)
	}
	value := strings.Repeat("x", int(client.StrLen(b.Context(), s.Key).Val()))
	made := int64(0)
	for b.Loop() {
		all := make(ratios)
		for range rounds {
			ours := atOnceFrom(b, func(i int64) error {
				_, _, err := store.Create(b.Context(), session(made+i))
				return err
			})
			made += requests
			set, _ := redisBenchmark(b, server, "SET", "other:__rand_int__", value, "EX", "300")
			all.note("of-SET-EX", ours, set)
		}
		all.report(b)
	}
}

// session answers what the i-th session is made of: three for each person, each
// from an address of its own.
func session(i int64) sessions.Request {
	return sessions.Request{
		UserID: fmt.Sprintf("user%06d@example.com", i/3), IP: fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255),
		UserAgent: agent, Data: []byte(data),
	}
}

func benchStore(b *testing.B) (*redistest.Server, *sessions.Store, *redis.Client) {
	b.Helper()
	server := redistest.Standalone(b)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, PoolSize: connections, DisableIdentity: true})
	b.Cleanup(func() { client.Close() })
	policy := usual()
	policy.IdleTimeout = time.Hour
	return server, sessions.New(client, sessions.Fixed(policy), sessions.Options{}), client
}

// atOnceFrom answers how many calls a second are made on all connections.
func atOnceFrom(b *testing.B, call func(i int64) error) float64 {
	b.Helper()
	var next atomic.Int64
	start := time.Now()
	together(connections, func(int) {
		for i := next.Add(1) - 1; i < requests; i = next.Add(1) - 1 {
			if err := call(i); err != nil {
				b.Error(err)
				return
			}
		}
	})
	return requests / time.Since(start).Seconds()
}

var throughput = regexp.MustCompile(`throughput summary: ([0-9.]+)`)

// redisBenchmark answers how many calls a second redis-benchmark makes, and how
// many seconds the server works for them.
func redisBenchmark(b *testing.B, server *redistest.Server, call ...string) (rate, cpu float64) {
	b.Helper()
	before := worked(b, server)
	host, port, _ := strings.Cut(server.Addr, ":")
	args := append([]string{"-h", host, "-p", port, "-c", strconv.Itoa(connections), "-n", strconv.Itoa(requests), "-r", "1000000000"}, call...)
	out, err := exec.CommandContext(b.Context(), "redis-benchmark", args...).CombinedOutput()
	found := throughput.FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("redis-benchmark: %v: %s", err, out)
	}
	if rate, err = strconv.ParseFloat(string(found[1]), 64); err != nil {
		b.Fatal(err)
	}
	return rate, worked(b, server) - before
}

// worked answers for how many seconds a server has worked on commands so far.
func worked(b *testing.B, server *redistest.Server) (sum float64) {
	b.Helper()
	cpu := server.Client().InfoMap(b.Context(), "cpu")
	for _, part := range []string{"used_cpu_user_main_thread", "used_cpu_sys_main_thread"} {
		seconds, err := strconv.ParseFloat(cpu.Item("CPU", part), 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += seconds
	}
	return sum
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
