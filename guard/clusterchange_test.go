package guard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
)

// clusterProgram is lines with what they answer in a Cluster, at once as in a
// plan.
const clusterProgram = `
mset a 1 b 2 c 3 => OK
mset a 1 b 3 a 2 => OK
exists a b c => 3
get a => 2
del a b c nosuch a => 3
dbsize => 0
mset {x}1 a {x}2 b => OK
rename {x}1 {x}3 => OK
keys * => {x}2 {x}3
sadd a 1 => 1
rename a b => CROSSSLOT Keys in request don't hash to the same slot
copy a b => CROSSSLOT Keys in request don't hash to the same slot
sunionstore a b c => CROSSSLOT Keys in request don't hash to the same slot
msetnx a 1 b 2 => CROSSSLOT Keys in request don't hash to the same slot
smembers a => 1
sinter a b => CROSSSLOT Keys in request don't hash to the same slot
config set slowlog-max-len 133 => OK
config get slowlog-max-len => slowlog-max-len 133
expire {x}2 100 => 1
ttl {x}2 => 100
`

func TestChangesOfACluster(t *testing.T) {
	cluster := redistest.Cluster(t)
	b := newBench(t, cluster.URL())
	for i := range 2000 {
		key := fmt.Sprintf("%x{%c%d}", i, 'a'+i%26, i%7)
		if want := b.client.ClusterKeySlot(t.Context(), key).Val(); int64(change.Slot(key)) != want {
			t.Fatalf("%s is in slot %d, not %d", key, want, change.Slot(key))
		}
	}
	for _, key := range []string{"", "{", "{}", "{}a", "a{}{b}", "{{a}}", "a}b{c}", "\xff\x00", "{a"} {
		if want := b.client.ClusterKeySlot(t.Context(), key).Val(); int64(change.Slot(key)) != want {
			t.Errorf("%q is in slot %d, not %d", key, want, change.Slot(key))
		}
	}
	plain := b.Guard
	holds := func(mode string) {
		t.Helper()
		for line := range strings.Lines(strings.TrimSpace(clusterProgram)) {
			words, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
			r := b.do(t, everyone, strings.Fields(words)...)
			got := strings.Join(strings.Fields(sortedLines(r.stdout)), " ")
			if want = strings.Join(strings.Fields(sortedLines(strings.ReplaceAll(want, " ", "\n")+"\n")), " "); strings.HasPrefix(r.stdout, "CROSSSLOT") {
				got = strings.Join(strings.Fields(sortedLines(strings.ReplaceAll(strings.TrimSpace(r.stdout), " ", "\n")+"\n")), " ")
			}
			if r.err != nil || got != want {
				t.Errorf("%s: %s answers %q, %v; want %q", mode, words, got, r.err, want)
			}
		}
	}
	_, steps := b.planning(t)
	holds("planned")
	if n := b.client.Exists(t.Context(), "a").Val() + b.client.Exists(t.Context(), "{x}2").Val(); n != 0 {
		t.Fatal("a plan changed something")
	}
	b.Guard = plain
	m := b.making(t)
	if err := b.Guard.Recheck(t.Context(), everyone, handOut(*steps)); err != nil {
		t.Fatal(err)
	}
	if err := b.Guard.Execute(t.Context(), everyone, m, handOut(*steps), nil); err != nil {
		t.Fatal(err)
	}
	if r := m.Report(); r.Differed > 0 || r.Failed > 0 || b.client.Get(t.Context(), "{x}3").Val() != "a" {
		t.Errorf("%+v", r)
	}
	b.must(t, "UNLINK", "a")
	b.must(t, "UNLINK", "{x}2", "{x}3")
	b.Guard = plain
	b.making(t)
	holds("made")
	for _, k := range []string{"{helix}:config", "one", "two", "three"} {
		b.must(t, "SET", k, "v")
	}
	for _, words := range []string{"publish ch m => 0", "config resetstat => OK", "flushdb => OK", "keys * => {helix}:config"} {
		words, want, _ := strings.Cut(words, " => ")
		if r := b.do(t, everyone, strings.Fields(words)...); r.err != nil || strings.TrimSpace(r.stdout) != want {
			t.Errorf("%s: %+v", words, r)
		}
	}
	for _, addr := range cluster.Addrs() {
		r := redisCLI(t, addr, "config", "get", "slowlog-max-len")
		if role := redisCLI(t, addr, "role"); strings.HasPrefix(role.stdout, "master") && r.stdout != "slowlog-max-len\n133\n" {
			t.Errorf("%s has %q", addr, r.stdout)
		}
	}
}
