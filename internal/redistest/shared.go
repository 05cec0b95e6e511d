package redistest

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Tests is what the tests of a package are to its TestMain.
type Tests interface{ Run() int }

// Shared has all tests of a package that use Each share one Cluster and one group
// behind Sentinels, which take seconds to start. They start when the first test
// needs them and end with the last:
//
//	func TestMain(m *testing.M) { os.Exit(redistest.Shared(m).Run()) }
//
// Without it every test has its own.
func Shared(m Tests) Tests { return shared{m} }

type shared struct{ Tests }

// Run runs the tests and ends what they shared.
func (s shared) Run() int {
	common.mu.Lock()
	common.on = true
	common.mu.Unlock()
	redis.SetLogger(silence{})
	defer common.end()
	return s.Tests.Run()
}

// silence keeps a client from telling of every look for the master: what fails
// is an error as well.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// common is what the tests of this process share. Nothing but the process
// connects tests, so it is a variable of the package.
var common stock

type stock struct {
	mu       sync.Mutex
	on       bool // TestMain sees to its end
	sentinel *SentinelServers
	cluster  *ClusterServers
	ends     []func() // in the order in which they were begun
}

// end ends what was shared.
func (s *stock) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on, s.sentinel, s.cluster = false, nil, nil
	for len(s.ends) > 0 {
		last := len(s.ends) - 1
		s.ends[last]()
		s.ends = s.ends[:last]
	}
}

// host starts servers that outlive the test that needed them first.
type host struct {
	testing.TB
	stock *stock
}

// Cleanup puts something off until all tests have ended.
func (h host) Cleanup(end func()) { h.stock.ends = append(h.stock.ends, end) }

// TempDir makes a folder that lasts until all tests have ended.
func (h host) TempDir() string {
	h.Helper()
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func sharedSentinel(t testing.TB) *SentinelServers {
	t.Helper()
	common.mu.Lock()
	defer common.mu.Unlock()
	if !common.on {
		return Sentinel(t)
	}
	if common.sentinel == nil {
		common.sentinel = Sentinel(host{t, &common})
	}
	return common.sentinel
}

func sharedCluster(t testing.TB) *ClusterServers {
	t.Helper()
	common.mu.Lock()
	defer common.mu.Unlock()
	if !common.on {
		return Cluster(t)
	}
	if common.cluster == nil {
		common.cluster = Cluster(host{t, &common})
	}
	return common.cluster
}
