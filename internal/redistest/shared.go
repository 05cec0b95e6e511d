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

// Shared has the tests of a package that use Each or Any have the same Clusters and
// groups behind Sentinels, which take seconds to start, one after the other. There
// are as many as tests have had at once; they end with the last test:
//
//	func TestMain(m *testing.M) { os.Exit(redistest.Shared(m).Run()) }
//
// Without it every test has its own.
func Shared(m Tests) Tests { return shared{m} }

type shared struct{ Tests }

// Run runs the tests and ends what they shared.
func (s shared) Run() int {
	common.turn(true)
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
var common = stock{sentinels: shelf{start: startSentinel}, clusters: shelf{start: startCluster}}

// stock keeps groups of servers from one test for the next.
type stock struct {
	mu                  sync.Mutex
	on                  bool // TestMain sees to its end
	sentinels, clusters shelf
	ends                []func() // in the order in which they were begun
}

// shelf holds the groups of one topology that no test has.
type shelf struct {
	start func(testing.TB) *group // how to get one more
	free  []*group
}

func (s *stock) turn(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
}

// end ends what was shared.
func (s *stock) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on, s.sentinels.free, s.clusters.free = false, nil, nil
	for len(s.ends) > 0 {
		last := len(s.ends) - 1
		s.ends[last]()
		s.ends = s.ends[:last]
	}
}

// take answers a group for one test alone, which gives it back at its end.
func (s *stock) take(t testing.TB, from *shelf) *Redis {
	t.Helper()
	g, shared := s.find(from)
	switch {
	case !shared:
		g = from.start(t)
	case g == nil:
		g = from.start(host{t, s})
		g.note(t)
	}
	if shared {
		t.Cleanup(func() { s.putBack(t, from, g) })
	}
	return &Redis{Cluster: g.cluster, t: t, url: g.url, open: g.open}
}

// find takes a group from a shelf; nil if that is empty. It tells whether tests
// share any.
func (s *stock) find(from *shelf) (g *group, shared bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(from.free) - 1; last >= 0 {
		g, from.free = from.free[last], from.free[:last]
	}
	return g, s.on
}

// putBack has the next test find a group as the first one did. A group that cannot
// be made so again is used no more.
func (s *stock) putBack(t testing.TB, on *shelf, g *group) {
	t.Helper()
	if err := g.restore(); err != nil {
		t.Errorf("restore what tests share: %v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	on.free = append(on.free, g)
}

// host starts servers that outlive the test that needed them first.
type host struct {
	testing.TB
	stock *stock
}

// Cleanup puts something off until all tests have ended.
func (h host) Cleanup(end func()) {
	h.stock.mu.Lock()
	defer h.stock.mu.Unlock()
	h.stock.ends = append(h.stock.ends, end)
}

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
