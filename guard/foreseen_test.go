package guard_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
)

// forms are the calls that programs are made of: K is a key, V a value, N a
// number, D a database, P a pattern; {a|b} chooses.
const forms = `
SET K V
SET K V {NX|XX|GET|KEEPTTL|EX 100|PX 5000000|NX GET}
SETNX K V
SETEX K 100 V
GETSET K V
GETDEL K
GETEX K {|PERSIST|EX 500}
GET K
GET K
MSET K V K V
MSETNX K V K V
MGET K K nosuch
APPEND K V
STRLEN K
INCR K
INCRBY K N
DECR K
SETRANGE K N V
SETBIT K N 1
BITFIELD K SET u8 N 3
BITFIELD K GET u8 N
BITOP {OR|AND} K K K
DEL K
DEL K K K
UNLINK K K
EXISTS K K K
TYPE K
TTL K
PTTL K
EXPIRE K {100|5000|0|-1|x} {|NX|XX|GT|LT}
PEXPIRE K 700000
EXPIREAT K {1|4000000000}
EXPIRETIME K
PERSIST K
RENAME K K
RENAMENX K K
COPY K K {|REPLACE}
MOVE K D
KEYS P
--scan --pattern P
SCAN 0 COUNT 100
DBSIZE
RANDOMKEY
LPUSH K V V
RPUSH K V V V
RPUSHX K V
LPOP K {|2}
RPOP K
LRANGE K 0 -1
LLEN K
LSET K N V
LINSERT K BEFORE V V
LREM K 0 V
LTRIM K 0 1
LINDEX K N
LMOVE K K LEFT RIGHT
LMPOP 2 K K LEFT
HSET K V V
HSET K V V V V
HSETNX K V V
HDEL K V
HINCRBY K V N
HGET K V
HGETALL K
HLEN K
SADD K V V
SREM K V
SMEMBERS K
SCARD K
SMOVE K K V
SUNIONSTORE K K K
SINTERSTORE K K K
SDIFFSTORE K K K
SINTER K K
ZADD K N V N V
ZADD K {NX|XX|GT CH|INCR} N V
ZINCRBY K N V
ZREM K V
ZRANGE K 0 -1 {|WITHSCORES|REV}
ZCARD K
ZUNIONSTORE K 2 K K
ZRANGESTORE K K 0 1
ZPOPMIN K
ZREMRANGEBYRANK K 0 0
SORT K ALPHA
SORT K ALPHA STORE K
SORT K BY nosort GET #
SORT_RO K BY w_* ALPHA
PFADD K V
PFCOUNT K
XADD K 5-N f V
XLEN K
XRANGE K - +
XDEL K 5-1
OBJECT ENCODING K
OBJECT REFCOUNT K
DUMP nosuch
MEMORY USAGE nosuch
GEOADD K 1 1 V
FLUSHDB
FLUSHALL
KEYS P
KEYS P
EXISTS K
CONFIG SET slowlog-max-len {130|131}
CONFIG GET slowlog-max-len
CONFIG RESETSTAT
PUBLISH channel V
GET
SET K
NOSUCH K
`

// words answers a call that is made up.
func words(r *rand.Rand) []string {
	keys := []string{"a", "b", "b", "session:1", "w_1", "", "line\nbreak", "\xff\x00\r\n", "t 1", "*"}
	values := []string{"1", "2", "x", "", "long " + strings.Repeat("v", 100), "\x00\xff\n", "a"}
	var list []string
	db := ""
	if r.IntN(5) == 0 {
		db = strconv.Itoa(r.IntN(3))
		list = append(list, "-n", db)
	}
	if r.IntN(12) == 0 {
		list = append(list, pick(r, []string{"--json", "--csv", "--no-raw", "-3", "-e", "-2"}))
	}
	form := pick(r, strings.Split(strings.TrimSpace(forms), "\n"))
	for strings.Contains(form, "{") {
		from, to := strings.Index(form, "{"), strings.Index(form, "}")
		form = form[:from] + pick(r, strings.Split(form[from+1:to], "|")) + form[to+1:]
	}
	for _, w := range strings.Fields(form) {
		switch w {
		case "K":
			w = pick(r, keys)
		case "V":
			w = pick(r, values)
		case "N":
			w = strconv.Itoa(r.IntN(5) - 1)
		case "D":
			w = strconv.Itoa(r.IntN(3))
		case "P":
			w = pick(r, []string{"*", "a*", "session:*", "?", "", "*\n*", "[ab]", "\\*"})
		case "5-N":
			w = fmt.Sprint("5-", 1+r.IntN(3))
		}
		list = append(list, w)
	}
	if r.IntN(8) == 0 {
		for i := range list {
			if !strings.HasPrefix(list[i], "-") && i < 2 {
				list[i] = strings.ToLower(list[i])
			}
		}
	}
	return list
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// loose reports whether the lines of a call's answer come in an order of the
// server's own, and whether its numbers go by the clock.
func loose(args []string) (unordered, timed bool) {
	for _, w := range args {
		switch strings.ToUpper(w) {
		case "KEYS", "--SCAN", "SCAN", "HGETALL", "SMEMBERS", "SINTER", "SORT", "SORT_RO":
			unordered = true
		case "TTL", "PTTL", "EXPIRETIME":
			timed = true
		}
	}
	return unordered, timed
}

// agrees reports whether two answers to a call are the same.
func agrees(args []string, got, want string) bool {
	unordered, timed := loose(args)
	shaped := slices.ContainsFunc(args, func(w string) bool { return w == "--csv" || w == "--json" || w == "--no-raw" })
	if unordered && shaped {
		return len(got) == len(want) // what stands around the elements is not sorted with them
	}
	if unordered {
		return sortedLines(got) == sortedLines(want)
	}
	x, err1 := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(got, "(integer) ")), 10, 64)
	y, err2 := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(want, "(integer) ")), 10, 64)
	if timed && err1 == nil && err2 == nil && x > 0 && y > 0 {
		return x-y < 3000 && y-x < 3000
	}
	return got == want
}

// keyspaceOf answers what the first databases hold, by key.
func (b *bench) keyspaceOf(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for db := range 3 {
		pipe := b.client.Pipeline()
		pipe.Do(t.Context(), "SELECT", db)
		keys := pipe.Keys(t.Context(), "*")
		pipe.Do(t.Context(), "SELECT", 0)
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, k := range keys.Val() {
			if strings.HasPrefix(k, "{helix}:") {
				continue
			}
			pipe := b.client.Pipeline()
			pipe.Do(t.Context(), "SELECT", db)
			digest, ttl := pipe.Do(t.Context(), "DEBUG", "DIGEST-VALUE", k), pipe.PTTL(t.Context(), k)
			pipe.Do(t.Context(), "SELECT", 0)
			if _, err := pipe.Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%d %q", db, k)] = fmt.Sprint(digest.Val(), ttl.Val().Round(5e9) > 0)
		}
	}
	return all
}

// trial is one program, made at once on one server and planned on another.
type trial struct {
	direct, planned *bench
	seed            uint64
	random          *rand.Rand
	log             string // the calls so far
	said, silent    int    // answers that were foreseen, and that were not
}

// What a plan shows is what the same program answers where it runs at once, and
// what it leaves, once it is carried out, is the same. HELIX_PROGRAMS sets how
// many programs are tried.
func TestAPlanIsWhatRuns(t *testing.T) {
	rounds := 120
	if n, err := strconv.Atoi(os.Getenv("HELIX_PROGRAMS")); err == nil {
		rounds = n
	}
	debug := []string{"--enable-debug-command", "local"}
	direct, planned := newBench(t, redistest.Standalone(t, debug...).URL()), newBench(t, redistest.Standalone(t, debug...).URL())
	said, silent := 0, 0
	for seed := range uint64(rounds) {
		direct.must(t, "FLUSHALL")
		planned.must(t, "FLUSHALL")
		r := trial{direct: direct.with(t), planned: planned.with(t), seed: seed, random: rand.New(rand.NewPCG(seed, 7))}
		r.run(t)
		said, silent = said+r.said, silent+r.silent
	}
	if said < 3*silent {
		t.Errorf("of %d answers %d were foreseen", said+silent, said)
	}
}

// with answers a bench on the same server that makes changes at once.
func (b *bench) with(t *testing.T) *bench {
	other := &bench{Guard: b.Guard, client: b.client, addr: b.addr}
	other.making(t)
	return other
}

func (r *trial) run(t *testing.T) {
	for range r.random.IntN(15) { // what there is before
		args := words(r.random)
		r.direct.do(t, everyone, args...)
		r.planned.do(t, everyone, args...)
	}
	making := r.planned.Guard
	_, steps := r.planned.planning(t)
	for range 20 {
		r.step(t, words(r.random))
	}
	m := &guard.Making{}
	defer m.Close()
	r.planned.Guard = making.WithMaking(m)
	if err := r.planned.Recheck(t.Context(), everyone, handOut(*steps)); err != nil {
		t.Fatalf("seed %d: %v:\n%s", r.seed, err, r.log)
	}
	if err := r.planned.Execute(t.Context(), everyone, m, handOut(*steps), nil); err != nil {
		t.Fatalf("seed %d: %v:\n%s", r.seed, err, r.log)
	}
	if report := m.Report(); report.Differed > 0 {
		t.Fatalf("seed %d: %+v:\n%s", r.seed, report, r.log)
	}
	if got, want := r.planned.keyspaceOf(t), r.direct.keyspaceOf(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("seed %d: the plan leaves %v, the program %v:\n%s", r.seed, got, want, r.log)
	}
}

// step holds one call's answers against each other.
func (r *trial) step(t *testing.T, args []string) {
	r.log += fmt.Sprintf("%q\n", args)
	got := r.planned.do(t, everyone, args...)
	var unforeseen *guard.UnforeseenError
	if errors.As(got.err, &unforeseen) {
		r.silent++
		return
	}
	want := r.direct.do(t, everyone, args...)
	switch {
	case (got.err == nil) != (want.err == nil):
		t.Fatalf("seed %d: %v at once, %v in a plan:\n%s", r.seed, want.err, got.err, r.log)
	case got.stdout == "" && got.stderr == "":
		r.silent++
		return
	case slices.Contains(args, "RANDOMKEY") || slices.Contains(args, "randomkey"):
		return
	}
	if r.said++; !agrees(args, got.stdout, want.stdout) || got.status != want.status {
		t.Fatalf("seed %d: %q (%d), planned as %q (%d):\n%s", r.seed, want.stdout, want.status, got.stdout, got.status, r.log)
	}
}
