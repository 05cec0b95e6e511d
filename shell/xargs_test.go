package shell_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// numbered lists n keys.
func numbered(n int) shell.Command {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("key:%d", i)
	}
	return keys(names...)
}

func TestXargsGivesABatcherManyCallsAtOnce(t *testing.T) {
	for source, want := range map[string][]int{
		`keys | xargs -n 1 redis TTL`:               {512, 512, 176},
		`keys | xargs -I {} redis EXPIRE {} 86400`:  {512, 512, 176},
		`keys | xargs -L 1000 redis DEL`:            {2},
		`keys | xargs redis DEL`:                    {1},
		`keys | xargs -n 100 redis DEL`:             {12},
		`keys | head 3 | xargs -n 1 redis TTL`:      {3},
		`keys | head 0 | xargs redis DEL`:           nil,
		`echo | xargs redis DEL`:                    nil,
		`redis PING; keys | head 1 | xargs redis x`: {1, 1},
	} {
		b := &batch{}
		got := run(t, source, with("keys", numbered(1200)), with("redis", b))
		if got.fault != nil || got.status != 0 || !slices.Equal(b.calls(), want) {
			t.Errorf("%s: batches of %v, want %v (%+v)", source, b.calls(), want, got.fault)
		}
	}
}

func TestXargsKeepsTheOrderAcrossBatches(t *testing.T) {
	got := run(t, `keys | xargs -I {} redis EXPIRE {} 60`, with("keys", numbered(1200)), with("redis", &batch{}))
	var want strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&want, "[\"EXPIRE\" \"key:%d\" \"60\"]\n", i)
	}
	if got.out != want.String() {
		t.Errorf("got %.200s…", got.out)
	}
}

func TestXargsBatchesAreBoundedInBytes(t *testing.T) {
	b := &batch{}
	long := strings.Repeat("k", 100_000)
	run(t, `keys | xargs -n 1 redis TTL >/dev/null`, with("keys", keys(slices.Repeat([]string{long}, 50)...)), with("redis", b))
	if n := slices.Max(b.calls()); n > 11 {
		t.Errorf("%d calls with 100 kB each at once", n)
	}
}

func TestXargsSaysThatACallFailed(t *testing.T) {
	for _, c := range []struct{ status, want int }{{1, 123}, {125, 123}, {255, 124}, {126, 126}, {127, 127}} {
		b := &batch{status: c.status}
		if got := run(t, `echo a | xargs redis x`, with("redis", b)); got.status != c.want {
			t.Errorf("status %d became %d, want %d", c.status, got.status, c.want)
		}
	}
	b := &batch{status: 255}
	run(t, `keys | xargs -n 1 redis x`, with("keys", numbered(2000)), with("redis", b))
	if len(b.calls()) != 1 {
		t.Errorf("went on after 255: %v", b.calls())
	}
}

func TestXargsNamesTheCommandFromItsItems(t *testing.T) {
	got := run(t, `lines echo frob | xargs -I {} {} x`)
	if want := "x\n"; got.out != want || got.status != 127 {
		t.Errorf("%+v", got)
	}
}

func TestXargsGivesItsCommandNoInput(t *testing.T) {
	if got := run(t, `lines a b | xargs -n 1 cat; echo end`); got.out != "end\n" {
		t.Errorf("%+v", got)
	}
}

func TestXargsStopsWhenNobodyReads(t *testing.T) {
	b := &batch{}
	got := run(t, `keys | xargs -n 1 redis TTL | head 1`, with("keys", numbered(200_000)), with("redis", b))
	if got.out != "[\"TTL\" \"key:0\"]\n" || got.fault != nil {
		t.Errorf("%+v", got)
	}
	if n := len(b.calls()); n > 20 {
		t.Errorf("%d batches for one line", n)
	}
}

func TestXargsMessages(t *testing.T) {
	for source, want := range map[string]string{
		`echo a | xargs exit`:                           "xargs: exit acts on the shell itself and cannot be called from here\n",
		`echo a | xargs frob`:                           "xargs: frob: command not found\n",
		`lines "it's" | xargs echo`:                     "xargs: unmatched single quote; quotes and backslashes are special to xargs unless -0 or -d '\\n' is given\n",
		`o=-Z; echo a | xargs $o echo`:                  "xargs: the option \"-Z\" is not supported; supported are -n N, -L N, -I R, -r, -0, -d '\\n' and -P 1\n",
		`x=sh; lines a | xargs $x -c 'echo a'`:          "sh runs a script written out in the line, and nothing else: sh -c '…'\n",
		`lines sh | xargs -I {} {} -c 'echo a'`:         "sh runs a script written out in the line, and nothing else: sh -c '…'\n",
		`lines 'a;b' | xargs -I {} sh -c 'echo {} >&2'`: "a;b\n",
	} {
		if got := run(t, source); got.err != want {
			t.Errorf("%s: %q, want %q", source, got.err, want)
		}
	}
}
