package guard_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Shared(m)) }

// sink gathers output, and the keys among it.
type sink struct {
	bytes.Buffer
	keys []string
}

func (s *sink) WriteKey(text, key []byte) error {
	s.keys = append(s.keys, string(key))
	s.Write(text)
	return s.WriteByte('\n')
}

func (s *sink) Flush() error { return nil }

func (s *sink) Gone() <-chan struct{} { return nil }

// bench is a guard on a Redis, with what it is asked by.
type bench struct {
	*guard.Guard
	client redis.UniversalClient
	addr   string

	mu    sync.Mutex
	hints []string
}

// everyone is who may do everything.
var everyone = permissions.Member{Local: true}

// roles for those who may not.
func roles() map[string]permissions.Role {
	return map[string]permissions.Role{
		"reader":    {Discord: []string{"100000000000000001"}, Allow: []string{"read"}},
		"narrow":    {Discord: []string{"100000000000000002"}, Allow: []string{"read session:*"}},
		"watchman":  {Discord: []string{"100000000000000005"}, Allow: []string{"read session:*", "admin"}},
		"writer":    {Discord: []string{"100000000000000003"}, Allow: []string{"read", "write"}},
		"destroyer": {Discord: []string{"100000000000000004"}, Allow: []string{"read", "write", "destroy", "mint"}},
	}
}

func as(role string) permissions.Member {
	return permissions.Member{Local: true, LocalRoles: []string{role}}
}

func newBench(t testing.TB, url string) *bench {
	t.Helper()
	return newBenchWith(t, url, guard.Options{OwnKeys: []string{"{helix}:config"}})
}

func newBenchWith(t testing.TB, url string, options guard.Options) *bench {
	t.Helper()
	target, err := dial.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	pool := dial.NewPool(target, dial.Options{PoolSize: 4})
	t.Cleanup(func() { pool.Close() })
	policy, err := permissions.New(roles())
	if err != nil {
		t.Fatal(err)
	}
	client, err := pool.Main()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{client: client, addr: strings.TrimPrefix(url, "redis://")}
	b.Guard = guard.New(pool, policy, options).WithHints(func(h string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !slices.Contains(b.hints, h) {
			b.hints = append(b.hints, h)
		}
	})
	return b
}

// each runs a test on the embedded server, on a real one, behind Sentinels and
// on a Cluster.
func each(t *testing.T, test func(t *testing.T, b *bench)) {
	eachAlone(t, test)
	redistest.EachGroup(t, func(t *testing.T, url string, _ redis.UniversalClient) { test(t, newBench(t, url)) })
}

// eachAlone runs a test on the embedded server and on a real one, for what
// changes a server's configuration or speaks of its databases.
func eachAlone(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Run("embedded", func(t *testing.T) {
		s, err := embedded.Start(t.Context(), embedded.Options{Empty: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, newBench(t, s.URL()))
	})
	t.Run("redis-server", func(t *testing.T) {
		test(t, newBench(t, redistest.Standalone(t).URL()))
	})
}

// result is what a call came to.
type result struct {
	stdout, stderr string
	keys           []string
	status         int
	err            error
}

func (b *bench) do(t testing.TB, who permissions.Member, args ...string) result {
	t.Helper()
	var out sink
	var stderr bytes.Buffer
	status, err := b.Do(t.Context(), who, args, &out, &stderr)
	return result{out.String(), stderr.String(), out.keys, status, err}
}

// must sends a command past the guard.
func (b *bench) must(t testing.TB, args ...any) {
	t.Helper()
	if err := b.client.Do(context.Background(), args...).Err(); err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("%v: %v", args, err)
	}
}

// redisCLI runs the real redis-cli against the same server.
func redisCLI(t testing.TB, addr string, args ...string) result {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command("redis-cli", append([]string{"-h", host, "-p", port}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout: stdout.String(), stderr: stderr.String(), status: cmd.ProcessState.ExitCode()}
}
