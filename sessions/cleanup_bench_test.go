package sessions_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// BenchmarkCleanup cleans up sessions of ours and of the guide's code, of which a
// third is past its time and a tenth has no TTL, and again, when there is nothing
// to be done. It holds the longest wait of a client that asks for a key all the
// while against what one KEYS costs it. HELIX_BENCH_KEYS=1000000 is the case of
// the documentation.
func BenchmarkCleanup(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("HELIX_BENCH_KEYS"))
	if err != nil {
		n = 100_000
	}
	server := redistest.Standalone(b)
	client := server.Client()
	store := sessions.New(client, sessions.Fixed(usual()), sessions.Options{})
	for b.Loop() {
		client.FlushDB(b.Context())
		if err := store.ConfirmForeign(b.Context(), sessions.Consent{By: "1", At: time.Now()}); err != nil {
			b.Fatal(err)
		}
		populate(b, client, server.Addr, n)
		var keys []float64
		for range rounds {
			_, stall := besideProbe(b, server.Addr, func() { client.Keys(b.Context(), "session:*") })
			keys = append(keys, stall.Seconds())
		}
		for _, name := range []string{"first", "next"} {
			var r sessions.Report
			took, stall := besideProbe(b, server.Addr, func() {
				if r, err = store.Cleanup(b.Context()); err != nil {
					b.Fatal(err)
				}
			})
			b.Logf("%s: %+v", name, r)
			b.ReportMetric(median(keys)/stall.Seconds(), name+"-KEYS/stall")
			b.ReportMetric(stall.Seconds()*1000, name+"-stall-ms")
			b.ReportMetric(took.Seconds(), name+"-s")
		}
	}
}

// populate writes sessions of both forms, those of ours with their indexes.
func populate(b *testing.B, client *redis.Client, addr string, n int) {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	answered := make(chan error, 1)
	go func() {
		in := bufio.NewReaderSize(conn, 256<<10)
		for range n + n/2 {
			if line, err := in.ReadString('\n'); err != nil || strings.HasPrefix(line, "-") {
				answered <- fmt.Errorf("%q: %w", line, err)
				return
			}
		}
		answered <- nil
	}()
	w := bufio.NewWriterSize(conn, 256<<10)
	now := client.Time(b.Context()).Val()
	for i := range n {
		user := fmt.Sprintf("user%d@example.com", i/8)
		used := now.Add(-time.Duration(i%3) * 3 * time.Minute)
		value := fmt.Sprintf(`{"user_id":"%s","ip":"203.0.113.7","created_at":%s,"last_accessed":%s,"authenticated_at":%s}`, user, seconds(used), seconds(used), seconds(used))
		set := []string{"SET", fmt.Sprintf("session:%08x-0000-4000-8000-%012x", i*2654435761%(1<<32), i), value}
		if i%2 == 0 {
			sum := sha256.Sum256([]byte(user))
			tag, id := fmt.Sprintf("{%x}", sum[:3]), ownID(i)
			set[1] = "session:user:" + user + ":" + tag + id
			speak(w, "ZADD", "helix:index:"+tag+":"+user, strconv.FormatInt(used.UnixMicro(), 10), id)
		}
		if i%10 > 0 {
			set = append(set, "EX", "3600")
		}
		speak(w, set...)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := <-answered; err != nil {
		b.Fatal(err)
	}
}

func ownID(i int) string {
	sum := sha256.Sum256(fmt.Append(nil, i))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:20]))
}

func speak(w *bufio.Writer, words ...string) {
	fmt.Fprintf(w, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(w, "$%d\r\n%s\r\n", len(word), word)
	}
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
	go func() {
		in := bufio.NewReader(conn)
		var longest time.Duration
		for {
			select {
			case <-stop:
				waited <- longest
				return
			default:
			}
			begin := time.Now()
			fmt.Fprint(conn, "GET none\r\n")
			if line, err := in.ReadString('\n'); err != nil || line != "$-1\r\n" {
				longest = time.Hour // for a figure that nobody overlooks
			}
			longest = max(longest, time.Since(begin))
		}
	}()
	begin := time.Now()
	work()
	took = time.Since(begin)
	close(stop)
	return took, <-waited
}
