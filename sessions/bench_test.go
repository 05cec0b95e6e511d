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
	requests    = 50_000 // of each side in a round
	rounds      = 3      // each side in turn; medians count
)

// BenchmarkValidate holds Validate against redis-benchmark's GET of the same key
// and against redis-benchmark running the same script, at equal connections and
// without pipelining.
func BenchmarkValidate(b *testing.B) {
	server, store := benchStore(b)
	request := sessions.Request{UserID: "ann@example.com", IP: home, UserAgent: agent, Data: []byte(data)}
	token, s, err := store.Create(b.Context(), request)
	if err != nil {
		b.Fatal(err)
	}
	validate := func(int64) error {
		_, err := store.Validate(b.Context(), token, home)
		return err
	}
	for b.Loop() {
		var ours, get, same []float64
		for range rounds {
			ours = append(ours, atOnceFrom(b, validate))
			get = append(get, redisBenchmark(b, server, "GET", s.Key))
			same = append(same, redisBenchmark(b, server, sessions.ValidateCall(store, token, home)...))
		}
		b.ReportMetric(median(ours)/median(get), "of-GET")
		b.ReportMetric(median(ours)/median(same), "of-the-script")
		b.ReportMetric(median(same)/median(get), "script-of-GET")
		b.ReportMetric(median(ours), "validates/s")
	}
}

// BenchmarkCreate holds Create, with all limits, against redis-benchmark's SET
// with a TTL of values of the same length.
func BenchmarkCreate(b *testing.B) {
	server, store := benchStore(b)
	_, s, err := store.Create(b.Context(), sessions.Request{UserID: "ann", IP: home, UserAgent: agent, Data: []byte(data)})
	if err != nil {
		b.Fatal(err)
	}
	length := server.Client().StrLen(b.Context(), s.Key).Val()
	create := func(i int64) error {
		_, _, err := store.Create(b.Context(), sessions.Request{
			UserID: fmt.Sprintf("user%06d@example.com", i/3), IP: fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255),
			UserAgent: agent, Data: []byte(data),
		})
		return err
	}
	for b.Loop() {
		var ours, set []float64
		for range rounds {
			ours = append(ours, atOnceFrom(b, create))
			set = append(set, redisBenchmark(b, server, "SET", "other:__rand_int__", strings.Repeat("x", int(length)), "EX", "300"))
		}
		b.ReportMetric(median(ours)/median(set), "of-SET-EX")
		b.ReportMetric(median(ours), "creates/s")
	}
}

func benchStore(b *testing.B) (*redistest.Server, *sessions.Store) {
	b.Helper()
	server := redistest.Standalone(b)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, PoolSize: connections, DisableIdentity: true})
	b.Cleanup(func() { client.Close() })
	policy := usual()
	policy.IdleTimeout = time.Hour
	return server, sessions.New(client, sessions.Fixed(policy), sessions.Options{})
}

// atOnceFrom answers how many calls a second are made on all connections.
func atOnceFrom(b *testing.B, call func(i int64) error) float64 {
	b.Helper()
	var next atomic.Int64
	start := time.Now()
	together(connections, func(int) {
		for i := next.Add(1); i <= requests; i = next.Add(1) {
			if err := call(i + start.UnixNano()%1_000_000*requests); err != nil {
				b.Error(err)
				return
			}
		}
	})
	return requests / time.Since(start).Seconds()
}

var throughput = regexp.MustCompile(`throughput summary: ([0-9.]+)`)

// redisBenchmark answers how many calls a second redis-benchmark makes.
func redisBenchmark(b *testing.B, server *redistest.Server, call ...string) float64 {
	b.Helper()
	host, port, _ := strings.Cut(server.Addr, ":")
	args := append([]string{"-h", host, "-p", port, "-c", strconv.Itoa(connections), "-n", strconv.Itoa(requests), "-r", "1000000000"}, call...)
	out, err := exec.CommandContext(b.Context(), "redis-benchmark", args...).CombinedOutput()
	found := throughput.FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("redis-benchmark: %v: %s", err, out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return rate
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
