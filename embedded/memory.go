package embedded

import (
	"runtime"
	"strconv"
	"sync"
	"time"
)

// startupMemory is what a Redis without keys takes, about.
const startupMemory = 900 << 10

// memoryEstimate remembers what the data takes. It is not measured: the data
// share the process's memory with all of Helix.
type memoryEstimate struct {
	mu      sync.Mutex
	data    int
	peak    int // of data
	made    time.Time
	changes int64 // write commands when it was made
}

// estimateAge is how long an estimate holds while nothing is written: keys
// still expire.
const estimateAge = time.Second

// estimate adds up all keys, unless that was just done.
func (c *call) estimate() (data, peak int) {
	m := c.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if changes := c.stats.changes.Load(); changes != m.changes || time.Since(m.made) > estimateAge {
		m.data, m.made, m.changes = 0, time.Now(), changes
		c.eachDatabase(func(_ int, keys []string) {
			for _, key := range keys {
				n, _ := c.usage(key)
				m.data += n
			}
		})
	}
	m.peak = max(m.peak, m.data)
	return m.data, m.peak
}

func (m *memoryEstimate) forgetPeak() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peak = 0
}

// eachDatabase visits the databases that hold keys, with the caller's
// connection there meanwhile.
func (c *call) eachDatabase(visit func(db int, keys []string)) {
	own := contextOf(c.peer).db
	defer c.native("select", strconv.Itoa(own))
	for db := range databases {
		c.native("select", strconv.Itoa(db))
		if keys := c.nativeStrings("keys", "*"); len(keys) > 0 {
			visit(db, keys)
		}
	}
}

// heapOfProcess answers what the Go runtime took from the system, in bytes.
func heapOfProcess() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}
