package soak

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// figure is one thing that has to stay as it is.
type figure struct {
	name    string
	allowed float64 // growth over the whole soak that is no leak
	parts   []float64
	least   float64 // in this part
}

// add takes a measurement in. What counts of a part of the soak is the least of
// them: what is on its way, and not yet collected, comes and goes.
func (f *figure) add(value float64) { f.least = min(f.least, value) }

// close ends a part.
func (f *figure) close() { f.parts, f.least = append(f.parts, f.least), math.Inf(1) }

const (
	often  = time.Second     // between looks at the process
	seldom = 3 * time.Second // between looks at Redis and the disk
)

// figures are what a soak measures. MiB and KiB are of 2^20 and 2^10 bytes.
type figures struct {
	rss, heap, goroutines, descriptors  figure // of the process
	connections, keys, state, journaled figure // what it has elsewhere
}

func newFigures() *figures {
	f := &figures{
		rss:         figure{name: "resident memory (MiB)", allowed: 24},
		heap:        figure{name: "heap in use (MiB)", allowed: 16},
		goroutines:  figure{name: "goroutines", allowed: 10},
		descriptors: figure{name: "descriptors", allowed: 10},
		connections: figure{name: "connections to Redis", allowed: 8},
		keys:        figure{name: "keys of its own", allowed: 300},
		state:       figure{name: "state in Redis (KiB)", allowed: 300},
		journaled:   figure{name: "state on disk (KiB)", allowed: 300},
	}
	for _, one := range f.all() {
		one.least = math.Inf(1)
	}
	return f
}

func (f *figures) all() []*figure {
	return []*figure{&f.rss, &f.heap, &f.goroutines, &f.descriptors, &f.connections, &f.keys, &f.state, &f.journaled}
}

// lookAtProcess measures what the system and the program itself say.
func (f *figures) lookAtProcess(t *testing.T, w *world) {
	t.Helper()
	pid := w.helix.Process.Pid
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatalf("helix has ended: %v\n%s", err, w.log.String())
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	var kib float64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	told := w.metrics(t)
	f.rss.add(kib / 1024)
	f.descriptors.add(float64(len(open)))
	f.heap.add(told["go_memstats_heap_inuse_bytes"] / (1 << 20))
	f.goroutines.add(told["go_goroutines"])
}

// metrics reads /metrics, those without labels.
func (w *world) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	resp, err := http.Get("http://" + w.health + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	told := make(map[string]float64)
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			told[name] = n
		}
	}
	return told
}

// lookAtState measures what helix keeps elsewhere.
func (f *figures) lookAtState(t *testing.T, w *world, client *redis.Client) {
	t.Helper()
	keys, bytes := ownState(t, client)
	f.keys.add(float64(keys))
	f.state.add(float64(bytes) / 1024)
	clients, err := client.ClientList(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	f.connections.add(float64(strings.Count(clients, "\n")))
	f.journaled.add(float64(sizeOf(filepath.Join(w.dir, "state"))) / 1024)
}

// ownState answers how many keys helix has of its own, and their bytes, beside what
// it keeps of each person and address, and of each message: that ends by itself.
func ownState(t *testing.T, client *redis.Client) (keys int, bytes int64) {
	t.Helper()
	ctx := context.Background()
	claims := 0
	for iter := client.Scan(ctx, 0, "{helix}:*", 1000).Iterator(); iter.Next(ctx); {
		if strings.HasPrefix(iter.Val(), "{helix}:seen:") {
			if claims++; claims%50 == 0 {
				endsSoon(t, client, iter.Val())
			}
			continue
		}
		n, err := client.MemoryUsage(ctx, iter.Val(), 0).Result()
		if err != nil && err != redis.Nil { // it may just have ended
			t.Fatal(err)
		}
		keys++
		bytes += n
	}
	return keys, bytes
}

// endsSoon holds that a key ends by itself within ten minutes.
func endsSoon(t *testing.T, client *redis.Client, key string) {
	t.Helper()
	left, err := client.PTTL(context.Background(), key).Result()
	if err != nil || left == -1 || left > 10*time.Minute {
		t.Errorf("%s stays for %v, %v", key, left, err)
	}
}

// sizeOf answers the bytes of all files in a folder; what goes while it is looked
// at counts for nothing.
func sizeOf(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
