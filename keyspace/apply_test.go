package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/keyspace"
)

// listed answers keys as ApplyTo takes them.
func listed(keys ...string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, key := range keys {
			if !yield([]byte(key)) {
				return
			}
		}
	}
}

func numbered(prefix string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return keys
}

// adds fails unless every key asked for has one outcome.
func adds(t testing.TB, a keyspace.Applied) {
	t.Helper()
	if sum := a.Changed + a.Unchanged + a.Missing + a.Answered + a.TooLarge + a.Refused + a.Unknown; sum != a.Asked {
		t.Errorf("%d of %d keys have an outcome: %+v", sum, a.Asked, a)
	}
}

func TestApplyToWhatAPatternMeans(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := t.Context()
		fill(t, c, "session:", 3000)
		fill(t, c, "other:", 100)
		k := keyspace.New(c)
		a, err := k.Apply(ctx, keyspace.Query{Pattern: "session:*"}, keyspace.Expire(time.Hour, keyspace.Always), nil)
		if adds(t, a); err != nil || a.Changed != 3000 || a.Asked != 3000 || a.Scan.Keys != 3000 {
			t.Fatalf("%+v, %v", a, err)
		}
		if ttl := c.TTL(ctx, "session:17").Val(); ttl < 59*time.Minute || ttl > time.Hour {
			t.Errorf("a TTL of %v", ttl)
		}
		if ttl := c.TTL(ctx, "other:17").Val(); ttl != -1 {
			t.Errorf("another key has a TTL of %v", ttl)
		}
		a, err = k.Apply(ctx, keyspace.Query{Pattern: "session:*"}, keyspace.Unlink(), nil)
		if adds(t, a); err != nil || a.Changed != 3000 || c.DBSize(ctx).Val() != 100 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestOutcomesOfEachOperation(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := t.Context()
		in := time.Now().Add(2 * time.Hour)
		for _, tt := range []struct {
			name string
			op   keyspace.Operation
			want string // of a key without TTL, one of an hour, none
		}{
			{"expire", keyspace.Expire(time.Minute, keyspace.Always), "changed changed missing"},
			{"expire if none", keyspace.Expire(time.Minute, keyspace.IfNoTTL), "changed unchanged missing"},
			{"expire if later", keyspace.Expire(time.Minute, keyspace.IfLater), "unchanged unchanged missing"},
			{"expire if earlier", keyspace.Expire(time.Minute, keyspace.IfEarlier), "changed changed missing"},
			{"expire at if later", keyspace.ExpireAt(in, keyspace.IfLater), "unchanged changed missing"},
			{"expire at", keyspace.ExpireAt(in, keyspace.Always), "changed changed missing"},
			{"persist", keyspace.Persist(), "unchanged changed missing"},
			{"unlink", keyspace.Unlink(), "changed changed missing"},
			{"exists", keyspace.Exists(), "answered answered missing"},
			{"ttl", keyspace.TTL(), "answered answered missing"},
			{"memory", keyspace.MemoryUsage(), "answered answered missing"},
			{"dump", keyspace.Dump(0), "answered answered missing"},
		} {
			c.Set(ctx, "eternal", "x", 0)
			c.Set(ctx, "mortal", "x", time.Hour)
			got := make(map[string]string)
			a, err := keyspace.New(c).ApplyTo(ctx, listed("eternal", "mortal", "none"), tt.op, keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
				for _, r := range results {
					got[string(r.Key)] = r.Outcome.String()
				}
				return nil
			})
			if adds(t, a); err != nil || got["eternal"]+" "+got["mortal"]+" "+got["none"] != tt.want {
				t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
			}
		}
	})
}

func TestWhatReadingOperationsAnswer(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := t.Context()
		c.Set(ctx, "eternal", "x", 0)
		c.Set(ctx, "mortal", "y", time.Hour)
		read := func(op keyspace.Operation) (all []keyspace.Result) {
			_, err := keyspace.New(c).ApplyTo(ctx, listed("eternal", "mortal"), op, keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
				all = append(all, results...)
				return nil
			})
			if err != nil || len(all) != 2 {
				t.Fatalf("%+v, %v", all, err)
			}
			return all
		}
		for _, got := range [][]keyspace.Result{read(keyspace.TTL()), read(keyspace.Dump(0))} {
			if got[0].TTL != keyspace.NoTTL || got[1].TTL > time.Hour || got[1].TTL < 59*time.Minute {
				t.Errorf("TTLs of %v and %v", got[0].TTL, got[1].TTL)
			}
		}
		for i, r := range read(keyspace.Dump(0)) {
			if err := c.RestoreReplace(ctx, "copy", 0, string(r.Value)).Err(); err != nil {
				t.Fatal(err)
			}
			if got := c.Get(ctx, "copy").Val(); got != []string{"x", "y"}[i] {
				t.Errorf("restored, key %d holds %q", i, got)
			}
		}
		if got := read(keyspace.MemoryUsage()); got[0].Size < 1 {
			t.Errorf("%d bytes", got[0].Size)
		}
	})
}

// Values are read within bounds, whether or not the server says what they take.
// On one server, whose default user loses a right.
func TestDumpLeavesLargeValuesOut(t *testing.T) {
	for _, refused := range []string{"", "-memory"} {
		c := redistest.Standalone(t).Client()
		ctx := t.Context()
		fill(t, c, "small:", 500)
		for i := range 3 {
			c.Set(ctx, fmt.Sprintf("large:%d", i), noise(300<<10), 0)
			c.Set(ctx, fmt.Sprintf("huge:%d", i), noise(3<<20), 0)
		}
		if refused != "" {
			if err := c.Do(ctx, "ACL", "SETUSER", "default", refused).Err(); err != nil {
				t.Fatal(err)
			}
		}
		var left []string
		a, err := keyspace.New(c).Apply(ctx, keyspace.Query{}, keyspace.Dump(1<<20), func(results []keyspace.Result) error {
			for _, r := range results {
				if r.Outcome == keyspace.TooLarge {
					left = append(left, string(r.Key))
				}
				if r.Outcome == keyspace.Answered != (len(r.Value) > 0) || r.Outcome == keyspace.TooLarge && r.Size < 3<<20 {
					t.Errorf("%s: %v, %d bytes read of %d", r.Key, r.Outcome, len(r.Value), r.Size)
				}
			}
			return nil
		})
		slices.Sort(left)
		if adds(t, a); err != nil || a.Answered != 503 || fmt.Sprint(left) != "[huge:0 huge:1 huge:2]" {
			t.Errorf("%q: %+v, %v, left out %v", refused, a, err, left)
		}
	}
}

// noise answers n bytes that do not compress.
func noise(n int) string {
	random := rand.NewChaCha8([32]byte{})
	b := make([]byte, n)
	_, _ = random.Read(b) // never fails
	return string(b)
}

// before7 answers a client of a server that knows no conditions of EXPIRE, as
// Redis before 7.0, and refuses commands that begin with what is given.
func before7(t *testing.T, refused string) *redis.Client {
	m := miniredis.RunT(t)
	m.Server().SetPreHook(func(peer *server.Peer, name string, args ...string) bool {
		switch {
		case strings.HasPrefix(name, "PEXPIRE") && len(args) > 2:
			peer.WriteError(fmt.Sprintf("ERR wrong number of arguments for '%s' command", strings.ToLower(name)))
		case refused != "" && strings.HasPrefix(name, refused):
			peer.WriteError("NOPERM this user has no permissions to run it")
		default:
			return false
		}
		return true
	})
	c := redis.NewClient(&redis.Options{Addr: m.Addr()})
	t.Cleanup(func() { c.Close() })
	return c
}

func TestConditionsWhereExpireHasNoneAndScriptsAreRefused(t *testing.T) {
	c := before7(t, "SCRIPT")
	fill(t, c, "session:", 50)
	a, err := keyspace.New(c).Apply(t.Context(), keyspace.Query{}, keyspace.Expire(time.Hour, keyspace.IfNoTTL), nil)
	if adds(t, a); err == nil || !strings.Contains(err.Error(), "before Redis 7.0") || a.Changed != 0 || a.Refused != a.Asked {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = keyspace.New(c).Apply(t.Context(), keyspace.Query{}, keyspace.Expire(time.Hour, keyspace.Always), nil)
	if err != nil || a.Changed != 50 {
		t.Errorf("without a condition: %+v, %v", a, err)
	}
}

func TestConditionsWhereExpireHasNone(t *testing.T) {
	c := before7(t, "")
	conditionsHold(t, c, nil)
	if err := c.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	flushed := false
	conditionsHold(t, c, func() error { // as by a failover in the middle
		defer func() { flushed = true }()
		if flushed {
			return nil
		}
		return c.ScriptFlush(context.Background()).Err()
	})
}

func TestConditionsOfExpire(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) { conditionsHold(t, c, nil) })
}

// conditionsHold sets TTLs of an hour under each condition where they were of
// 30 and 90 minutes or none.
func conditionsHold(t *testing.T, c redis.UniversalClient, meanwhile func() error) {
	t.Helper()
	ctx := t.Context()
	const hour = time.Hour
	for _, tt := range []struct {
		when                  keyspace.Condition
		none, shorter, longer bool // whether it is changed
	}{
		{keyspace.Always, true, true, true},
		{keyspace.IfNoTTL, true, false, false},
		{keyspace.IfLater, false, true, false},
		{keyspace.IfEarlier, true, false, true},
	} {
		for _, op := range []keyspace.Operation{keyspace.Expire(hour, tt.when), keyspace.ExpireAt(time.Now().Add(hour), tt.when)} {
			pipe := c.Pipeline()
			for i := range 40 {
				pipe.Set(ctx, fmt.Sprint("none:", i), 1, 0)
				pipe.Set(ctx, fmt.Sprint("shorter:", i), 1, hour/2)
				pipe.Set(ctx, fmt.Sprint("longer:", i), 1, hour*3/2)
			}
			if _, err := pipe.Exec(ctx); err != nil {
				t.Fatal(err)
			}
			keys := append(slices.Concat(numbered("none:", 40), numbered("shorter:", 40), numbered("longer:", 40)), "gone")
			a, err := keyspace.New(c).ApplyTo(ctx, listed(keys...), op, keyspace.ApplyOptions{}, func([]keyspace.Result) error {
				if meanwhile == nil {
					return nil
				}
				return meanwhile()
			})
			want := int64(0)
			for prefix, changed := range map[string]bool{"none:": tt.none, "shorter:": tt.shorter, "longer:": tt.longer} {
				if changed {
					want += 40
				}
				if ttl := c.TTL(ctx, prefix+"7").Val(); (ttl > 59*time.Minute && ttl <= hour) != changed {
					t.Errorf("%q: %s7 has a TTL of %v", tt.when, prefix, ttl)
				}
			}
			if adds(t, a); err != nil || a.Changed != want || a.Missing != 1 || a.Unchanged != 120-want {
				t.Errorf("%q: %+v, %v; want %d changed", tt.when, a, err, want)
			}
		}
	}
}

// Applied to a list, an operation does what the same commands do key by key.
func TestApplyingInBulkEqualsKeyByKey(t *testing.T) {
	bulk, single := redistest.Standalone(t).Client(), redistest.Standalone(t).Client()
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Now()
		for _, c := range []*redis.Client{bulk, single} {
			c.FlushDB(ctx)
		}
		lives := rapid.SampledFrom([]time.Duration{-1, 0, time.Hour, 2 * time.Hour}) // -1: no such key, 0: no TTL
		for i, life := range rapid.SliceOfN(lives, 0, 60).Draw(t, "keys") {
			for _, c := range []*redis.Client{bulk, single} {
				set(t, c, fmt.Sprint("k", i), now, life)
			}
		}
		list := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 60), func(i int) string { return fmt.Sprint("k", i) }), 0, 80).Draw(t, "list")
		when := rapid.SampledFrom([]string{"", "NX", "GT", "LT"}).Draw(t, "condition")
		at := now.Add(rapid.SampledFrom([]time.Duration{-time.Hour, 90 * time.Minute, 3 * time.Hour}).Draw(t, "in"))
		name := rapid.SampledFrom([]string{"PEXPIREAT", "PERSIST", "UNLINK"}).Draw(t, "operation")
		op := map[string]keyspace.Operation{
			"PEXPIREAT": keyspace.ExpireAt(at, keyspace.Condition(when)), "PERSIST": keyspace.Persist(), "UNLINK": keyspace.Unlink(),
		}[name]
		var changed int64
		for _, key := range list {
			args := []any{name, key}
			if name == "PEXPIREAT" {
				args = append(args, at.UnixMilli())
				if when != "" {
					args = append(args, when)
				}
			}
			n, err := single.Do(ctx, args...).Int64()
			if err != nil {
				t.Fatal(err)
			}
			changed += n
		}
		var done func([]keyspace.Result) error
		if rapid.Bool().Draw(t, "told") {
			done = func([]keyspace.Result) error { return nil }
		}
		a, err := keyspace.New(bulk).ApplyTo(ctx, listed(list...), op, keyspace.ApplyOptions{}, done)
		if err != nil || a.Changed != changed || a.Asked != int64(len(list)) {
			t.Fatalf("%+v, %v; want %d changed", a, err, changed)
		}
		if got, want := endings(t, bulk), endings(t, single); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
}

func set(t *rapid.T, c *redis.Client, key string, now time.Time, life time.Duration) {
	ctx := context.Background()
	if life < 0 {
		return
	}
	err := c.Set(ctx, key, 1, 0).Err()
	if life > 0 {
		err = errors.Join(err, c.PExpireAt(ctx, key, now.Add(life)).Err())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// endings answers when each key ends.
func endings(t *rapid.T, c *redis.Client) string {
	ctx := context.Background()
	keys, err := c.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	for i, key := range keys {
		keys[i] = fmt.Sprint(key, "=", c.Do(ctx, "PEXPIRETIME", key).Val())
	}
	return strings.Join(keys, " ")
}

// On one server, whose default user loses a right.
func TestARefusedOperationChangesNothingAndSaysSo(t *testing.T) {
	c := redistest.Standalone(t).Client()
	fill(t, c, "session:", 500)
	if err := c.Do(t.Context(), "ACL", "SETUSER", "default", "-pexpire").Err(); err != nil {
		t.Fatal(err)
	}
	a, err := keyspace.New(c).Apply(t.Context(), keyspace.Query{Pattern: "session:*"}, keyspace.Expire(time.Hour, keyspace.Always), nil)
	var unfinished *keyspace.UnfinishedError
	if !errors.As(err, &unfinished) || !strings.Contains(err.Error(), "NOPERM") || a.Refused != a.Asked || a.Asked == 0 || !a.Partial {
		t.Errorf("%+v, %v", a, err)
	}
}

// Without scripting everything runs that Redis has a command for.
// On one server, whose default user loses a right.
func TestNoScriptIsNeeded(t *testing.T) {
	c := redistest.Standalone(t).Client()
	fill(t, c, "session:", 500)
	if err := c.Do(t.Context(), "ACL", "SETUSER", "default", "-@scripting").Err(); err != nil {
		t.Fatal(err)
	}
	a, err := keyspace.New(c).Apply(t.Context(), keyspace.Query{Pattern: "session:*"}, keyspace.Expire(time.Hour, keyspace.IfNoTTL), nil)
	if err != nil || a.Changed != 500 {
		t.Errorf("%+v, %v", a, err)
	}
}

// On one server, whose default user loses a right.
func TestAKeyThatMayNotBeTouchedEndsTheRunExactly(t *testing.T) {
	c := redistest.Standalone(t).Client()
	fill(t, c, "session:", 10)
	if err := c.Do(t.Context(), "ACL", "SETUSER", "default", "resetkeys", "~session:*").Err(); err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	a, err := keyspace.New(c).ApplyTo(t.Context(), listed("session:1", "secret", "session:2"), keyspace.Unlink(), keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
		for _, r := range results {
			outcomes = append(outcomes, r.Outcome.String())
		}
		return nil
	})
	if got := strings.Join(outcomes, " "); err == nil || got != "changed refused changed" || a.Changed != 2 || a.Refused != 1 {
		t.Errorf("%s, %+v, %v", got, a, err)
	}
}

func TestDoneEndsTheRun(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		fill(t, c, "session:", 5000)
		enough := errors.New("enough")
		calls := 0
		a, err := keyspace.New(c).Apply(t.Context(), keyspace.Query{}, keyspace.Unlink(), func([]keyspace.Result) error {
			calls++
			return enough
		})
		if left := c.DBSize(t.Context()).Val(); err != enough || calls != 1 || left < 5000-a.Changed-a.Unknown || left > 5000-a.Changed {
			t.Errorf("%v after %d calls, %d keys left, %+v", err, calls, left, a)
		}
	})
}

// A stop counts exactly what was answered, and keeps apart what was not.
func TestCancellingARunCountsExactly(t *testing.T) {
	c := redistest.Any(t).Client()
	fill(t, c, "session:", 20_000)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	a, err := keyspace.New(c).ApplyTo(ctx, listed(numbered("session:", 20_000)...), keyspace.Unlink(), keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
		if told += len(results); told > 3000 {
			cancel()
		}
		return nil
	})
	gone := 20_000 - c.DBSize(t.Context()).Val()
	adds(t, a)
	if !errors.Is(err, context.Canceled) || !a.Partial || int64(told) != a.Asked || gone < a.Changed || gone > a.Changed+a.Unknown || gone > 10_000 {
		t.Errorf("%+v, %v; %d told, %d keys gone", a, err, told, gone)
	}
}

func TestCancellingARunEndsAtOnceThoughTheServerHangs(t *testing.T) {
	server := redistest.Standalone(t)
	c := server.Client()
	fill(t, c, "session:", 5000)
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	var cancelled time.Time
	a, err := keyspace.New(c).ApplyTo(ctx, listed(numbered("session:", 5000)...), keyspace.Unlink(), keyspace.ApplyOptions{}, func([]keyspace.Result) error {
		once.Do(func() {
			server.Pause()
			cancelled = time.Now().Add(50 * time.Millisecond)
			time.AfterFunc(50*time.Millisecond, cancel)
		})
		return nil
	})
	late := time.Since(cancelled)
	server.Resume()
	if adds(t, a); !errors.Is(err, context.Canceled) || late > time.Second || a.Unknown == 0 {
		t.Errorf("%v, %v after the end of the context, %+v", err, late, a)
	}
}

func TestProgressOfARun(t *testing.T) {
	c := redistest.Any(t).Client()
	fill(t, c, "session:", 4000)
	var told []keyspace.Progress
	_, err := keyspace.New(c).Apply(t.Context(), keyspace.Query{Progress: func(p keyspace.Progress) { told = append(told, p) }}, keyspace.Persist(), nil)
	for i := 1; i < len(told); i++ {
		if told[i].Applied < told[i-1].Applied || told[i].Keys < told[i-1].Keys {
			t.Errorf("%+v after %+v", told[i], told[i-1])
		}
	}
	if last := told[len(told)-1]; err != nil || last.Applied != 4000 || last.Keys != 4000 || last.Total != 4000 {
		t.Errorf("at last %+v, %v", last, err)
	}
}

// A scan and the changes beside it have one share of the server's time between
// them.
func TestARunLeavesTheServerTime(t *testing.T) {
	c := redistest.Any(t).Client()
	fill(t, c, "session:", 20_000)
	start := time.Now()
	a, err := keyspace.New(c).Apply(t.Context(), keyspace.Query{Share: 10, Count: 100}, keyspace.Persist(), nil)
	if took := time.Since(start); err != nil || took < 6*(a.Server+a.Scan.Server)/time.Duration(a.Scan.Nodes) {
		t.Errorf("it took %v, of which the server worked %v and %v; %v", took, a.Server, a.Scan.Server, err)
	}
}

func TestBeginningTellsOtherTypesApart(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := t.Context()
		c.Set(ctx, "long", strings.Repeat("x", 5000), time.Hour)
		c.Set(ctx, "empty", "", 0)
		c.HSet(ctx, "hash", "field", "value")
		got := make(map[string]keyspace.Result)
		a, err := keyspace.New(c).ApplyTo(ctx, slices.Values([][]byte{[]byte("long"), []byte("empty"), []byte("hash"), []byte("none")}),
			keyspace.Beginning(10), keyspace.ApplyOptions{}, func(results []keyspace.Result) error {
				for _, r := range results {
					got[string(r.Key)] = r
				}
				return nil
			})
		if err != nil || a.Answered != 3 || a.Missing != 1 {
			t.Errorf("%+v, %v", a, err)
		}
		if r := got["long"]; string(r.Value) != "xxxxxxxxxx" || r.TTL <= 0 {
			t.Errorf("of the long one %q, %v", r.Value, r.TTL)
		}
		if empty, hash := got["empty"], got["hash"]; empty.Value == nil || len(empty.Value) > 0 || hash.Value != nil || hash.TTL != keyspace.NoTTL {
			t.Errorf("%q, %q", empty.Value, hash.Value)
		}
	})
}
