package redistest

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Topology is the environment variable that chooses what Any answers: "standalone",
// as without it, "sentinel" or "cluster". So whole suites run on each:
//
//	HELIX_TEST_REDIS=cluster go test ./...
const Topology = "HELIX_TEST_REDIS"

// Redis is one that a test may fill and change, but for its configuration and who
// is master. At most one test has it at a time.
type Redis struct {
	// Cluster tells that keys are spread over several masters, and that there is one
	// database alone.
	Cluster bool

	t    testing.TB
	url  string
	open func(testing.TB) redis.UniversalClient
}

// Any answers an empty Redis of whichever topology the environment asks for. A test
// with needs of its own (arguments, other databases, a server that is killed) starts
// the servers itself. Under Rules it is one server, whose user has these.
func Any(t testing.TB) *Redis {
	t.Helper()
	topology := os.Getenv(Topology)
	if os.Getenv(Rules) != "" {
		topology = ""
	}
	switch topology {
	case "", "standalone":
		s := Standalone(t)
		return &Redis{t: t, url: s.URL(), open: func(testing.TB) redis.UniversalClient { return s.Client() }}
	case "sentinel":
		return common.take(t, &common.sentinels)
	case "cluster":
		return common.take(t, &common.clusters)
	}
	t.Fatalf("%s is %q: want standalone, sentinel or cluster", Topology, topology)
	return nil
}

// URL answers the address as Helix's configuration takes it.
func (r *Redis) URL() string { return r.url }

// Client returns a client that is closed when the test ends.
func (r *Redis) Client() redis.UniversalClient { return r.open(r.t) }
