package guard_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
)

// heavy are changes of the keys of large that would hold the server, or of
// nothing that would take up much of it.
const heavy = `
set H x
set S x get
setex Z 10 x
mset a 1 H 2
getset V x
getdel V
getex V ex 10
rename a H
copy H new
copy V new
copy a H replace
sort L store new
sort a store H
sunionstore new S S2
sinterstore H a
sdiffstore new S a
zunionstore new 2 Z a
zinterstore new 1 Z
zdiffstore new 2 Z a
zrangestore new Z 0 -1
zrangestore new Z 0 +inf byscore
zrangestore H Z 0 1
zremrangebyrank Z 0 -1
zremrangebyscore Z 0 +inf
zremrangebylex Z - +
zpopmin Z 6000
zpopmax Z 6000
zmpop 1 Z min count 6000
lpop L 6000
rpop L 6000
lmpop 2 a L left count 6000
lrem L 0 m
linsert L before m10000 x
spop S 6000
bitop not new V
bitop and new V a
xreadgroup group g2 c streams X >
xautoclaim X g c 0 0 count 6000
xgroup destroy X g
xgroup delconsumer X g c
setrange new 2000000 x
setrange new 536870911 x
setbit new 4294967295 1
bitfield new set u8 #4194304 1
bitfield new get u8 0 overflow sat incrby u64 100000000 1
hgetdel wide fields 1 big
`

// light are changes that are small, whatever their keys hold.
const light = `
set a x
set a y get
append V x
setrange V 5 xyz
setrange new 100 x
setrange H 99999999999
setbit V 8000000 1
bitfield new set u8 #100 1
bitfield V set u8 100000 7
expire H 100
persist H
rename a b
copy b c
hset H m00001 x
hdel H m00002
hincrby H m00003 1
sadd S x
srem S x
smove S S2 m00007
zadd Z 1 x
zincrby Z 1 x
zrem Z x
zrangestore new Z 0 9
zrangestore new Z 0 +inf byscore limit 0 9
zremrangebyrank Z 0 9
zremrangebyscore Z 0 9
zpopmin Z
zpopmax Z 10
zmpop 1 Z min count 10
lpush L x
rpush L x
lset L 10000 x
lpop L
lpop L 10
lmove L L left right
ltrim L 0 15000
xadd X * f v
xadd X maxlen ~ 100 * f v
xtrim X maxlen 10
spop S 10
unlink V
del S
expire Z -1
rename H new
set H x
`

// One server takes them all: their keys are of several slots.
func TestChangesThatWouldHoldTheServerAreRefused(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	large(t, b)
	b.must(t, "SET", "a", "1")
	b.must(t, "XGROUP", "CREATE", "X", "g2", "0")
	plain := b.Guard
	made := func() { b.making(t) }
	planned := func() { b.planning(t) }
	for name, mode := range map[string]func(){"made": made, "planned": planned} {
		b.Guard = plain
		mode()
		for line := range strings.Lines(strings.TrimSpace(heavy)) {
			r := b.do(t, everyone, strings.Fields(line)...)
			var refused *guard.Refused
			if unknown := new(guard.UnknownCommand); errors.As(r.err, &unknown) {
				continue // of a newer server
			}
			if !errors.As(r.err, &refused) || !strings.Contains(refused.Reason, "hold") {
				t.Errorf("%s: %s: %q, %v", name, strings.TrimSpace(line), r.stdout, r.err)
			}
		}
	}
	b.Guard = plain
	made()
	for line := range strings.Lines(strings.TrimSpace(light)) {
		if r := b.do(t, everyone, strings.Fields(line)...); r.err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(line), r.err)
		}
	}
}

// Calls that go together are bounded one by one, and what an earlier one moves
// is weighed where it then is.
// One server takes them: they move keys from slot to slot and to another database.
func TestBatchesOfChangesAreBounded(t *testing.T) {
	server := redistest.Standalone(t)
	for _, mode := range []string{"made", "planned"} {
		t.Run(mode, func(t *testing.T) {
			b := newBench(t, server.URL())
			b.must(t, "FLUSHALL")
			large(t, b)
			if mode == "made" {
				b.making(t)
			} else {
				b.planning(t)
			}
			var out sink
			batch := [][]string{{"set", "one", "1"}, {"rename", "H", "x"}, {"rename", "S", "x"}, {"set", "two", "2"}}
			_, err := b.DoBatch(t.Context(), everyone, batch, &out, &out)
			var refused *guard.Refused
			if !errors.As(err, &refused) || !strings.HasPrefix(out.String(), "OK\n") || strings.Contains(out.String(), "OK\nOK\nOK") {
				t.Errorf("%q, %v", out.String(), err)
			}
			batch = [][]string{{"unlink", "Z"}, {"set", "Z", "1"}, {"renamenx", "L", "y"}, {"move", "S2", "1"}, {"-n", "1", "set", "S2", "x"}}
			_, err = b.DoBatch(t.Context(), everyone, batch, &out, &out)
			if !errors.As(err, &refused) {
				t.Errorf("%q, %v", out.String(), err)
			}
			if r := b.do(t, everyone, "set", "y", "1"); !errors.As(r.err, &refused) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestManyKeysGoInOneDelete(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.making(t)
		args := []string{"del"}
		for i := range 12000 {
			args = append(args, fmt.Sprint(i%6000))
			if i < 6000 {
				b.must(t, "SET", i, 1)
			}
		}
		if r := b.do(t, everyone, args...); r.err != nil || r.stdout != "6000\n" {
			t.Errorf("%+v", r)
		}
	})
}

// Values that a person can type or capture go into a plan as they are.
func TestAPlanHoldsLargeValues(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	plain := b.Guard
	_, steps := b.planning(t)
	value := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB
	for _, words := range [][]string{{"set", "a", value[:500<<10]}, {"mset", "b", value, "c", value, "d", value}} {
		if r := b.do(t, everyone, words...); r.err != nil || r.stdout != "OK\n" {
			t.Errorf("%s: %.100q, %v", words[0], r.stdout, r.err)
		}
	}
	b.Guard = plain
	m := b.making(t)
	if err := b.Guard.Execute(t.Context(), everyone, m, handOut(*steps), nil); err != nil {
		t.Fatal(err)
	}
	if a, d := b.client.StrLen(t.Context(), "a").Val(), b.client.StrLen(t.Context(), "d").Val(); a != 500<<10 || d != 1<<20 {
		t.Errorf("a has %d bytes, d %d", a, d)
	}
}
