package bot_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
)

// soakLength answers how many messages the soak says: a sample of what
// HELIX_SOAK_MESSAGES=100000 says.
func soakLength(t *testing.T) int {
	t.Helper()
	text := os.Getenv("HELIX_SOAK_MESSAGES")
	switch {
	case text == "" && raceDetector:
		return 1000
	case text == "":
		return 5000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is said at once in the soak, in how many channels: no queue is ever full.
const (
	soakWindow   = 200
	soakChannels = 10
)

// soakSlack is how much more memory may be in use at the end than after a tenth
// of the soak: the ids of 20,000 messages are remembered.
const soakSlack = 4 << 20

// Memory is flat and goroutines are constant over many messages, and none is left
// behind.
func TestSoak(t *testing.T) {
	n := soakLength(t)
	before := goleak.IgnoreCurrent()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Join("ann")
	for i := range soakChannels {
		acme.Text(fmt.Sprint("#c", i))
	}
	r := start(t, d, echo, func(o *bot.Options) { o.Guilds = []string{acme.ID} })
	d.Gateway().AwaitReady(1)
	ann := acme.As("ann")
	var tenth, end usage
	for said := 0; said < n; said += soakWindow {
		for i := range soakWindow {
			ann.Says(fmt.Sprint("#c", i%soakChannels), "!hello")
		}
		d.AwaitRequests("create_message", soakWindow)
		await(t, "the answers to be there", func() bool { return answered(d) == soakWindow })
		d.Forget()
		if said+soakWindow == max(n/10/soakWindow, 1)*soakWindow {
			tenth = used()
		}
	}
	end = used()
	t.Logf("after a tenth of %d messages %s; at the end %s", n, tenth, end)
	if end.heap > tenth.heap+soakSlack {
		t.Errorf("memory grows from %s to %s", tenth, end)
	}
	if end.goroutines > tenth.goroutines+soakChannels {
		t.Errorf("goroutines grow from %s to %s", tenth, end)
	}
	if n := d.Gateway().Identifies(); n != 1 {
		t.Errorf("it took %d connections", n)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	d.Close()
	goleak.VerifyNone(t, before)
}

// answered counts the answers that Discord has taken.
func answered(d *discordtest.Discord) int {
	n := 0
	for _, r := range d.RequestsTo("create_message") {
		if r.Status == 200 {
			n++
		}
	}
	return n
}

// usage is what the process holds.
type usage struct {
	heap       uint64
	goroutines int
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f MiB in %d goroutines", float64(u.heap)/(1<<20), u.goroutines)
}

func used() usage {
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{m.HeapAlloc, runtime.NumGoroutine()}
}

// BenchmarkEventToRequest measures the time from the event of a message to the
// request that answers it, as the fake Discord sees both, where the answer itself
// takes no time. Beside it stands what a bare request to the same server takes: how
// busy the machine is.
func BenchmarkEventToRequest(b *testing.B) {
	d := discordtest.New(b)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	start(b, d, echo, func(o *bot.Options) { o.Guilds = []string{acme.ID} })
	d.Gateway().AwaitReady(1)
	ann := acme.As("ann")
	ann.Says("#ops", "!hello").Sees() // connections are made
	nowhere := strings.TrimSuffix(d.URL(), "/api/v10") + "/attachments/none"
	var waits, bare []time.Duration
	for b.Loop() {
		bare = append(bare, ask(b, nowhere))
		said := ann.Says("#ops", "!hello")
		answer := said.Sees()
		waits = append(waits, answer.At.Sub(said.At))
		if len(waits)%1000 == 0 {
			d.Forget()
		}
	}
	slices.Sort(waits)
	slices.Sort(bare)
	b.ReportMetric(milliseconds(bare[len(bare)*99/100]), "bare-p99-ms")
	b.ReportMetric(milliseconds(waits[len(waits)/2]), "median-ms")
	b.ReportMetric(milliseconds(waits[len(waits)*99/100]), "p99-ms")
	b.ReportMetric(milliseconds(waits[len(waits)-1]), "longest-ms")
}

// ask answers how long a request takes.
func ask(b *testing.B, address string) time.Duration {
	start := time.Now()
	resp, err := http.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body) // the connection is used again
	_ = resp.Body.Close()
	return time.Since(start)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
