package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/internal/redistest"
)

// changing is loops that change what they, or what follows them, look at.
var changing = []string{
	`for k in a b c a; do redis-cli set $k v$k; redis-cli append $k x; redis-cli get $k; done`,
	`for k in a b a nosuch; do echo "del $k"; redis-cli del $k; redis-cli exists a; done`,
	`for i in 1 2 3 4 5; do redis-cli incr n; done; redis-cli get n`,
	`for i in 1 2 3; do redis-cli rpush l $i; echo "now $(redis-cli llen l)"; done | cat; redis-cli lrange l 0 -1`,
	`for k in a a b; do if redis-cli del $k | grep -q 1; then echo was; else echo not; fi; done`,
	`for k in a b c; do n=$(redis-cli del $k); echo "$k=$n"; done`,
	`for i in 1 2; do redis-cli lpush a x; echo $?; done`,
	`for i in 1 2; do redis-cli -e lpush a x 2>/dev/null || echo failed; done`,
	`for k in a b; do redis-cli expire $k 1000 >/dev/null && echo "ok $k"; redis-cli ttl $k; done`,
	`for k in a b nosuch; do redis-cli rename $k new:$k; redis-cli exists new:$k $k; done`,
	`seq 1 30 | while read i; do redis-cli set k:$i $i; done | sort | uniq -c; redis-cli keys 'k:*' | wc -l`,
	`seq 1 30 | xargs -I {} redis-cli setex x:{} 1000 {}; redis-cli mget x:1 x:30`,
	`seq 1 5 | xargs -I {} sh -c 'redis-cli incrby sum {}; redis-cli get sum'`,
	`seq 1 8 | while read i; do redis-cli sadd s $((i % 3)) >/dev/null; echo $i; done | while read i; do echo "$i $(redis-cli sismember s $((i % 3)))"; done`,
	`for i in 1 2 3; do redis-cli hset h f$i $i; redis-cli getdel a; redis-cli hlen h; done`,
	`for k in a b; do redis-cli expire $k wrong; redis-cli set $k x ex 0; redis-cli get $k; done`,
	`for i in 1 2; do redis-cli set a $i; redis-cli set b $i get; done; redis-cli mget a b`,
	`for k in a b c; do redis-cli del $k; redis-cli --scan --pattern '[a-c]' | sort; done`,
}

// Changes that wait for others leave what bash and redis-cli leave, and print
// what they print.
func TestLoopsThatChangeEqualBashAndRedisCLI(t *testing.T) {
	ours, theirs := redistest.Standalone(t), redistest.Standalone(t)
	bash := bashWithRedisCLI(t, theirs.Addr)
	for _, line := range changing {
		want := bash(line) + fillAndTell(t, theirs.Addr)
		got := runHelix(t, "!redis\n```bash\n"+line+"\n```", "exec", "--yes", "--redis", ours.URL(), "-")
		if got := got.stdout + fillAndTell(t, ours.Addr); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", line, got, want)
		}
	}
}

// The plan of a million keys stays below 256 MiB: a key takes no more than 240
// bytes, which is what is left beside Helix at rest.
func TestPlansTakeLittleMemory(t *testing.T) {
	const few, most = 10_000, 240.0 // keys, bytes a key
	many := 90_000
	if raceDetector { // whose own memory says nothing
		many = 2 * few
	}
	server := redistest.Any(t)
	client := server.Client()
	for _, line := range []string{
		`!redis keys 'session:*' | xargs -I {} redis expire {} 60`,
		`!redis keys 'session:*' | while read key; do redis-cli DEL "$key"; done`,
	} {
		var peak [2]float64
		for i, n := range []int{few, many} {
			onlySessions(t, client, n)
			cmd := helixCommand(t, t.TempDir(), nil, "exec", "--plan", "--redis", server.URL(), line)
			var err error
			if peak[i], err = peakMemory(cmd); err != nil || peak[i] == 0 {
				t.Fatalf("%s: %v, %.1f MiB", line, err, peak[i])
			}
		}
		each := (peak[1] - peak[0]) * (1 << 20) / float64(many-few)
		if each > most && !raceDetector {
			t.Errorf("%s: %.0f bytes a key: %.1f MiB of %d keys, %.1f of %d", line, each, peak[0], few, peak[1], many)
		}
	}
}

// onlySessions makes n sessions all there is.
func onlySessions(t *testing.T, client redis.UniversalClient, n int) {
	t.Helper()
	pipe := client.Pipeline()
	pipe.FlushDB(t.Context())
	for i := range n {
		pipe.Set(t.Context(), fmt.Sprintf("session:user:u%05d:{%06x}%032x", i%5000, i%5000, i), i, 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// fillAndTell answers all keys that are not Helix' own, with values and whether
// they end, and puts a few new ones in their place.
func fillAndTell(t *testing.T, addr string) string {
	t.Helper()
	ctx := t.Context()
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	keys := client.Keys(ctx, "*").Val()
	slices.Sort(keys)
	var told strings.Builder
	for _, key := range keys {
		if strings.HasPrefix(key, "{helix}:") {
			continue
		}
		digest, err := dump.Digest([]byte(client.Dump(ctx, key).Val()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&told, "%s %x ends: %v\n", key, digest, client.TTL(ctx, key).Val() > 0)
	}
	client.FlushDB(ctx)
	for _, key := range []string{"a", "b", "c"} {
		if err := client.Set(ctx, key, "value of "+key, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	return told.String()
}
