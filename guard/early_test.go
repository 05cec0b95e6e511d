package guard_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
)

// counted is a guard with a cache, whose round trips are counted and whose
// clock stands.
type counted struct {
	*bench
	plain *guard.Guard // the same without a cache
	trips *redistest.Trips
	now   time.Time
	gated int
}

func newCounted(t testing.TB) *counted {
	t.Helper()
	c := &counted{now: time.Now()}
	c.bench = newBenchWith(t, redistest.Any(t).URL(), guard.Options{Now: func() time.Time { return c.now }})
	c.plain = c.bench.WithGate(func(context.Context, string, permissions.Right) error { c.gated++; return nil })
	c.Guard = c.plain.WithCache()
	c.do(t, everyone, "ping") // the command table has been asked for
	c.trips = redistest.CountTrips(c.client)
	return c
}

// masters answers how many servers hold keys of their own, each of which is asked.
func (c *counted) masters(t testing.TB) int {
	t.Helper()
	var n atomic.Int64
	err := redistest.OnMasters(t.Context(), c.client, func(context.Context, *redis.Client) error { n.Add(1); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return int(n.Load())
}

func calls(text string) (batch [][]string) {
	for line := range strings.Lines(text) {
		batch = append(batch, strings.Fields(line))
	}
	return batch
}

// without runs a call where nothing is asked early.
func (c *counted) without(t testing.TB, args []string) result {
	t.Helper()
	cached := c.Guard
	defer func() { c.Guard = cached }()
	c.Guard = c.plain
	return c.do(t, everyone, args...)
}

func (c *counted) fill(t testing.TB) {
	t.Helper()
	c.must(t, "SET", "s", "a value")
	c.must(t, "RPUSH", "l", "1", "2", "3")
	c.must(t, "HSET", "h", "f", "v", "g", "w")
	c.must(t, "ZADD", "z", "1", "m")
	c.must(t, "SADD", "m", "x")
	c.must(t, "HSET", "secrets", "password", "hunter2", "name", "ann")
	c.must(t, "SET", "session:0123456789abcdef0123456789abcdef", `{"user_id":"ann","token":"0123456789abcdef"}`)
}

func TestPrefetchedCallsPrintTheSameAndAskNothing(t *testing.T) {
	t.Run("whole", func(t *testing.T) { printTheSame(t, newCounted(t)) })
	t.Run("redacted", func(t *testing.T) {
		c := newCounted(t)
		c.plain = c.plain.WithRedaction(redact.Default(), nil)
		c.Guard = c.plain.WithCache()
		printTheSame(t, c)
	})
}

func printTheSame(t *testing.T, c *counted) {
	c.fill(t)
	batch := calls(`ttl s
		get s
		get s
		get l
		type h
		exists s
		exists none
		strlen s
		hvals secrets
		hget secrets password
		get session:0123456789abcdef0123456789abcdef
		lrange l 0 -1
		--csv lrange l 0 -1
		hget h f
		hgetall h
		--json hgetall h
		-e get l
		zscore z m
		smembers m
		object encoding s
		TTL s
		ttl none`)
	var want []result
	for _, args := range batch {
		want = append(want, c.without(t, args))
	}
	c.trips.Made()
	c.Prefetch(t.Context(), everyone, batch)
	if n := c.trips.Made(); n > 6 { // of two protocols, each with the sizes first
		t.Errorf("%d round trips for %d calls", n, len(batch))
	}
	c.trips.Made()
	for i, args := range batch {
		if got := c.do(t, everyone, args...); fmt.Sprint(got) != fmt.Sprint(want[i]) {
			t.Errorf("%v: %+v, want %+v", args, got, want[i])
		}
	}
	if n := c.trips.Made(); n != 0 {
		t.Errorf("%d round trips for calls that were prefetched", n)
	}
	c.do(t, everyone, "ttl", "s")
	if n := c.trips.Made(); n != 1 {
		t.Error("a reply served twice")
	}
}

func TestPrefetchingAgainAsksForWhatIsMissing(t *testing.T) {
	c := newCounted(t)
	c.must(t, "SET", "s", "a value")
	c.trips.Made()
	c.Prefetch(t.Context(), everyone, calls("ttl s\nttl s"))
	c.Prefetch(t.Context(), everyone, calls("ttl s"))
	c.Prefetch(t.Context(), everyone, calls("ttl s\nttl s"))
	if n := c.trips.Made(); n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
}

func TestPrefetchedRepliesGrowOld(t *testing.T) {
	c := newCounted(t)
	c.must(t, "SET", "s", "before")
	for _, tt := range []struct {
		age  time.Duration
		want string
	}{{time.Second, "before\n"}, {1001 * time.Millisecond, "after\n"}} {
		c.must(t, "SET", "s", "before")
		c.Prefetch(t.Context(), everyone, calls("get s"))
		c.must(t, "SET", "s", "after")
		c.now = c.now.Add(tt.age)
		if got := c.do(t, everyone, "get", "s"); got.stdout != tt.want {
			t.Errorf("after %v: %q, want %q", tt.age, got.stdout, tt.want)
		}
	}
}

func TestAChangeForgetsWhatWasPrefetchedOfItsKeys(t *testing.T) {
	for change, want := range map[string]string{
		"set {k}s x":           "after\nbefore\n",
		"del {k}other {k}s":    "after\nbefore\n",
		"expire {k}other 1":    "before\nbefore\n",
		"rename {k}other {k}l": "before\nafter\n",
		"flushdb":              "after\nafter\n",
	} {
		c := newCounted(t)
		c.must(t, "MSET", "{k}s", "before", "{k}l", "before")
		c.Prefetch(t.Context(), everyone, calls("get {k}s\nget {k}l"))
		c.must(t, "MSET", "{k}s", "after", "{k}l", "after")
		var refused *guard.Refused
		if got := c.do(t, everyone, strings.Fields(change)...); !errors.As(got.err, &refused) || !refused.NeedsPlan {
			t.Fatalf("%s: %v", change, got.err)
		}
		got := c.do(t, everyone, "get", "{k}s").stdout + c.do(t, everyone, "get", "{k}l").stdout
		if got != want {
			t.Errorf("%s: %q, want %q", change, got, want)
		}
	}
}

// What may not run, what changes anything, and what is not one plain reply is
// never asked for early, and nobody is told of it.
func TestWhatIsNotPrefetched(t *testing.T) {
	c := newCounted(t)
	c.fill(t)
	c.trips.Made()
	c.Prefetch(t.Context(), everyone, calls(`del s
		expire s 10
		set s x
		getex s persist
		getdel s
		flushall
		keys *
		scan 0
		--scan
		randomkey
		monitor
		subscribe ch
		touch s
		mget s l
		exists s l
		eval return 0
		slowlog get
		config get maxmemory
		debug sleep 1
		ping
		time
		dbsize
		sort l store s
		get
		get s s
		gte s
		-n x get s
		--help`))
	c.Prefetch(t.Context(), everyone, [][]string{nil, {""}})
	c.Prefetch(t.Context(), as("narrow"), calls("get s\nttl other"))
	c.Prefetch(t.Context(), permissions.Member{}, calls("get s"))
	if n := c.trips.Made(); n != 0 || c.gated != 0 {
		t.Errorf("%d round trips, gate asked %d times", n, c.gated)
	}
}

func TestPrefetchChecksNoLessThanTheCallItself(t *testing.T) {
	c := newCounted(t)
	c.must(t, "SET", "other", "secret")
	c.Prefetch(t.Context(), everyone, calls("get other"))
	var denied *permissions.Denied
	if got := c.do(t, as("narrow"), "get", "other"); !errors.As(got.err, &denied) || got.stdout != "" {
		t.Errorf("%+v", got)
	}
}

func TestPrefetchHoldsLittle(t *testing.T) {
	c := newCounted(t)
	value := strings.Repeat("v", 1_000_000)
	var batch [][]string
	for i := range 8 {
		key := fmt.Sprint("large:", i)
		c.must(t, "SET", key, value)
		batch = append(batch, []string{"get", key})
	}
	c.must(t, "SET", "huge", value+value)
	batch = append([][]string{{"get", "huge"}}, batch...)
	for range 2 {
		c.Prefetch(t.Context(), everyone, batch)
		asked := 0
		for _, args := range batch {
			c.trips.Made()
			if got := c.do(t, everyone, args...); len(got.stdout) < len(value) || got.err != nil {
				t.Errorf("%v: %d bytes, %v", args, len(got.stdout), got.err)
			}
			if c.trips.Made() > 0 {
				asked++
			}
		}
		if asked != 5 { // the one that is read in parts, and four beyond 4 MiB
			t.Errorf("%d of %d calls had to be asked for", asked, len(batch))
		}
	}
}

// What a short form stands for may take a scan to find out.
func TestPrefetchLooksForNoShortForms(t *testing.T) {
	c := newCounted(t)
	c.fill(t)
	c.Guard = c.WithRedaction(redact.Default(), nil)
	c.trips.Made()
	c.Prefetch(t.Context(), everyone, calls("ttl session:01234567…"))
	if n := c.trips.Made(); n > 1 {
		t.Errorf("%d round trips", n)
	}
	if got := c.do(t, everyone, "ttl", "session:01234567…"); got.stdout != "-1\n" {
		t.Errorf("%+v", got)
	}
}

// Values in a branch that is hardly ever taken are not read in vain for ever; and
// once it is taken, they are read together again.
func TestValuesThatNobodyWantsAreNotPrefetched(t *testing.T) {
	c := newCounted(t)
	look := func() (trips int) {
		var batch [][]string
		for i := range 100 {
			batch = append(batch, []string{"get", fmt.Sprint("k", i)}, []string{"ttl", fmt.Sprint("k", i)})
		}
		c.now = c.now.Add(time.Minute)
		c.trips.Made()
		c.Prefetch(t.Context(), everyone, batch)
		return c.trips.Made()
	}
	masters := c.masters(t)
	first, second := look(), look()
	if first != 2*masters || second != masters { // sizes and all; the times to live alone
		t.Errorf("%d, then %d round trips", first, second)
	}
	for range 50 {
		c.do(t, everyone, "get", "k1")
	}
	if again := look(); again != 2*masters {
		t.Errorf("%d round trips once values are wanted", again)
	}
}

func TestPrefetchLeavesFaultsToTheCall(t *testing.T) {
	c := newCounted(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Prefetch(ctx, everyone, calls("get s"))
	c.Guard = c.plain
	c.Prefetch(t.Context(), everyone, calls("get s")) // without a cache there is nothing to do
	if n := c.trips.Made(); n != 0 {
		t.Errorf("%d round trips", n)
	}
}
