package guard_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

// step is a recorded call, as somebody might write one by hand.
func step(db int, absent []string, words ...string) []byte {
	texts := func(dst []byte, list []string) []byte {
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		for _, w := range list {
			dst = append(binary.AppendUvarint(dst, uint64(len(w))), w...)
		}
		return dst
	}
	dst := binary.AppendUvarint(nil, uint64(db))
	return binary.AppendUvarint(texts(texts(dst, words), absent), 0)
}

// owned are changes of keys that belong to Helix, in every way that names them.
const owned = `
set {helix}:config x
SeT helix:index:{a}:b x
del a {helix}:config
unlink helix:x
expire {helix}:config 10
expire {helix}:config -1
persist helix:x
rename a {helix}:config
rename {helix}:config a
renamenx a helix:new
copy a {helix}:config replace
copy a helix:new db 1
move helix:x 1
getdel helix:x
getex helix:x ex 5
getset helix:x v
sort l store helix:x
sort l by w_* get # store helix:x store ok
sunionstore helix:x s
sinterstore {helix}:config s s
sdiffstore helix:x s
zunionstore helix:x 1 z
zinterstore helix:x 2 z z weights 1 2
zdiffstore helix:x 1 z
zrangestore helix:x z 0 -1
geosearchstore helix:x g frommember a byradius 1 m
georadius g 1 1 1 m store helix:x
georadius g 1 1 1 m storedist helix:x store ok
georadiusbymember g a 1 m storedist helix:x
bitop or helix:x a
pfmerge helix:x a
lmove l helix:x left right
lmove helix:x l left right
rpoplpush l helix:x
smove s helix:x m
lmpop 2 l helix:x left
zmpop 2 z helix:x min
mset a 1 helix:x 2
msetnx a 1 helix:x 2
xadd helix:x * f v
xgroup create helix:x g $ mkstream
xreadgroup group g c streams helix:x >
hset helix:x f v
lpush helix:x v
append helix:x v
setrange helix:x 0 v
setbit helix:x 0 1
bitfield helix:x set u8 0 1
bitfield helix:x get u8 0 incrby u8 0 1
pfadd helix:x v
restore helix:x 0 x
migrate h 1 helix:x 0 1
eval return 1 helix:x
swapdb 0 1
publish helix:x m
publish {helix}:events m
spublish helix:x m
set session:x v
`

// No right changes what belongs to Helix, neither typed nor from a plan that
// somebody wrote by hand.
func TestWhatBelongsToHelixStays(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		plain := b.Guard
		for _, k := range []string{"{helix}:config", "helix:x"} {
			b.must(t, "SET", k, "mine")
		}
		b.must(t, "SET", "a", "1")
		m := b.making(t)
		making := b.Guard
		for line := range strings.Lines(strings.TrimSpace(owned)) {
			words := strings.Fields(line)
			if words[1] == "session:x" {
				continue // anybody's
			}
			b.Guard = making
			var refused *guard.Refused
			var unknown *guard.UnknownCommand
			for _, prefix := range [][]string{nil, {"-n", "0"}, {"--json"}} {
				r := b.do(t, everyone, append(prefix, words...)...)
				if !errors.As(r.err, &refused) && !errors.As(r.err, &unknown) {
					t.Errorf("%s %q: %q, %v", prefix, words, r.stdout, r.err)
				}
			}
			recorded := step(0, nil, words...)
			if err := plain.Recheck(t.Context(), everyone, handOut([][]byte{recorded})); !errors.As(err, &refused) && !errors.As(err, &unknown) {
				t.Errorf("a plan of %q: %v", words, err)
			}
			if err := making.Execute(t.Context(), everyone, m, handOut([][]byte{recorded}), nil); !errors.As(err, &refused) && !errors.As(err, &unknown) {
				t.Errorf("a plan of %q is carried out: %v", words, err)
			}
		}
		for _, k := range []string{"{helix}:config", "helix:x"} {
			if v := b.client.Get(t.Context(), k).Val(); v != "mine" {
				t.Errorf("%s holds %q", k, v)
			}
		}
	})
}

// What a plan may do is decided by what the caller may do when it is made.
func TestAPlanNeedsTodaysRights(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	b.must(t, "SET", "there", "old")
	for _, tt := range []struct {
		who     string
		step    []byte
		allowed bool
	}{
		{"destroyer", step(0, nil, "del", "there"), true},
		{"writer", step(0, nil, "del", "there"), false},
		{"writer", step(0, nil, "expire", "there", "10"), true},
		{"writer", step(0, nil, "expire", "there", "-1"), false},
		{"writer", step(0, nil, "expireat", "there", "1"), false},
		{"reader", step(0, nil, "expire", "there", "10"), false},
		{"writer", step(0, nil, "set", "there", "x"), false},
		{"writer", step(0, []string{"new"}, "set", "new", "x"), true},
		{"writer", step(0, []string{"other"}, "set", "new", "x"), false},
		{"writer", step(0, nil, "set", "new", "x", "nx"), true},
		{"writer", step(0, []string{"session:new"}, "set", "session:new", "x"), false},
		{"destroyer", step(0, nil, "set", "session:new", "x"), true},
		{"destroyer", step(0, nil, "flushdb"), false},
		{"destroyer", step(0, nil, "config", "set", "maxmemory", "1"), false},
		{"destroyer", step(0, nil, "get", "there"), false},
		{"destroyer", step(0, nil, "set", "there"), false},
		{"destroyer", step(0, nil, "shutdown"), false},
	} {
		err := b.Guard.Recheck(t.Context(), as(tt.who), handOut([][]byte{tt.step}))
		if (err == nil) != tt.allowed {
			t.Errorf("%s: %q: %v", tt.who, tt.step, err)
		}
	}
}

// A writer's SET of a new key is not made over one that came up meanwhile.
func TestWhatCameUpMeanwhileIsLeft(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	plain := b.Guard
	_, steps := b.planning(t)
	if r := b.do(t, as("writer"), "mset", "{k}new", "1", "{k}other", "2"); r.err != nil || r.stdout != "OK\n" {
		t.Fatalf("%+v", r)
	}
	var denied *permissions.Denied
	b.must(t, "SET", "third", "old")
	if r := b.do(t, as("writer"), "set", "third", "1"); !errors.As(r.err, &denied) {
		t.Fatalf("%+v", r)
	}
	b.Guard = plain
	b.must(t, "SET", "{k}other", "theirs")
	kept := &keeping{}
	m := &guard.Making{ID: "test", Journal: func() (change.Journal, error) { return kept, nil }}
	b.Guard = b.Guard.WithMaking(m)
	t.Cleanup(m.Close)
	if err := b.Guard.Execute(t.Context(), as("writer"), m, handOut(*steps), nil); err != nil {
		t.Fatal(err)
	}
	if r := m.Report(); r.Left != 1 || r.Commands() != 0 || fmt.Sprint(b.client.MGet(t.Context(), "{k}new", "{k}other").Val()) != "[<nil> theirs]" {
		t.Errorf("%+v, %v", r, b.client.MGet(t.Context(), "{k}new", "{k}other").Val())
	}
}
