package commands_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
)

// hall is a dispatcher on a real server, with the client that it asks by. Its
// guard's clock stands, so that no reply grows old on a busy machine.
type hall struct {
	*commands.Dispatcher
	client redis.UniversalClient
}

func newHall(t testing.TB, url string, roles map[string]permissions.Role, furnish ...func(*commands.Options)) hall {
	t.Helper()
	target, err := dial.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	pool := dial.NewPool(target, dial.Options{PoolSize: 10, Timeout: 5 * time.Second})
	t.Cleanup(func() { pool.Close() })
	client, err := pool.Main()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := permissions.New(roles)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	o := commands.Options{
		Guard:    guard.New(pool, policy, guard.Options{Now: func() time.Time { return now }}),
		Settings: settings.Open(context.Background(), client, settings.Defaults()),
		Policy:   policy, Client: client, Log: zap.NewNop(),
	}
	for _, f := range furnish {
		f(&o)
	}
	return hall{client: client, Dispatcher: commands.New(o)}
}

// says answers the output of a line, all of it.
func (h hall) says(t testing.TB, line string) string {
	t.Helper()
	var out bytes.Buffer
	reply := h.Handle(t.Context(), commands.Request{
		Text: line, Caller: permissions.Member{Local: true}, Stdout: &out, Stderr: &out, Timeout: time.Minute,
	})
	if reply.Problem != "" {
		t.Fatalf("%s: %s", line, reply.Problem)
	}
	return out.String()
}

// hostileKeys are names that are more than names to a careless shell.
var hostileKeys = []string{
	"session:a b", "session:line\nbreak", "session:\n", "session:*", "session:[a-z]?", `session:"q"`, "session:it's", `session:back\slash\`,
	"session:$(redis flushall)", "session:`redis flushall`;redis flushall", "session:{}", "session: lead", "session:trail ", "session:-n", "session:\xff\x00",
}

// fillHall loads n sessions, every tenth without a time to live, and the
// hostile keys.
func fillHall(t testing.TB, client redis.UniversalClient, n int) {
	t.Helper()
	ctx := context.Background()
	pipe := client.Pipeline()
	for i := range n {
		ttl := time.Duration(1+i) * time.Hour
		if i%10 == 0 {
			ttl = 0
		}
		pipe.Set(ctx, fmt.Sprintf("session:%08d", i), "value", ttl)
	}
	for _, key := range hostileKeys {
		pipe.Set(ctx, key, "value", 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

// lapsing is the guide's loop over expired sessions, with what it deletes shown.
const lapsing = `redis-cli --scan --pattern "session:*" | \
  while read key; do
    ttl=$(redis-cli TTL "$key")
    if [ "$ttl" -eq "-1" ]; then
      echo "$key"
    fi
  done`

// No line over keys costs a round trip a key, whatever the keys are called.
func TestLoopsOverKeysTakeFewRoundTrips(t *testing.T) {
	const n = 20_000
	h := newHall(t, redistest.Any(t).URL(), nil)
	fillHall(t, h.client, n)
	all := n + len(hostileKeys)
	trips := redistest.CountTrips(h.client)

	var lapsed []string
	for i := 0; i < n; i += 10 {
		lapsed = append(lapsed, fmt.Sprintf("session:%08d", i))
	}
	lapsed = append(lapsed, hostileKeys...)
	slices.Sort(lapsed)

	for _, tt := range []struct{ line, want string }{
		{lapsing + " | wc -c", fmt.Sprintln(len(strings.Join(lapsed, "\n")) + 1)},
		{`redis-cli KEYS "session:*" | xargs -I {} sh -c 'echo "$(redis-cli TTL {}) {}"' | sort -rn | head -1 | cut -d' ' -f2`, "session:00019999\n"},
		{`for k in $(redis keys 'session:*'); do redis type $k; done | sort | uniq -c`, fmt.Sprintf("%7d string\n", all)},
		{`redis keys 'session:*' | while IFS= read -r k; do redis get "$k"; done | uniq -c`, fmt.Sprintf("%7d value\n", all)},
		{`redis keys 'session:*' | while read k; do for c in type exists; do redis $c "$k"; done; done | sort | uniq -c`, fmt.Sprintf("%7d 1\n%7d string\n", all, all)},
		{`redis keys 'session:*' | xargs -I {} redis exists {} | uniq -c`, fmt.Sprintf("%7d 1\n", all)},
		{`redis keys 'session:0000*' | cut -d: -f2 | while read id; do redis get "session:$id"; done | uniq -c`, fmt.Sprintf("%7d value\n", 10_000)},
	} {
		trips.Made()
		if got := h.says(t, tt.line); got != tt.want {
			t.Errorf("%s:\n%.300q\nwant\n%q", tt.line, got, tt.want)
		}
		if made := trips.Made(); made > all/50 {
			t.Errorf("%s: %d round trips for %d keys", tt.line, made, all)
		}
	}
}

// BenchmarkLoopOverKeys measures the guide's loop, and says by how many times it
// takes less time than with a round trip a key, as with a body that hides which
// call it makes.
func BenchmarkLoopOverKeys(b *testing.B) {
	const n = 20_000
	h := newHall(b, redistest.Standalone(b).URL(), nil)
	fillHall(b, h.client, n)
	hidden := strings.Replace(lapsing, "ttl=$(", "key=$(echo \"$key\"); ttl=$(", 1)
	trips := redistest.CountTrips(h.client)
	timed := func(line string) (time.Duration, int) {
		trips.Made()
		start := time.Now()
		h.says(b, line)
		return time.Since(start), trips.Made()
	}
	for b.Loop() {
		ahead, few := timed(lapsing)
		behind, many := timed(hidden)
		b.ReportMetric(behind.Seconds()/ahead.Seconds(), "x-faster")
		b.ReportMetric(float64(few), "trips")
		b.ReportMetric(float64(many), "trips-without")
	}
}
