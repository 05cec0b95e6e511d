package shell_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/shell/text"
)

// oracle is a Prefetcher that records which calls it is told of and which are
// made.
type oracle struct {
	mu         sync.Mutex
	told, made []string
	looks      []int // calls told of at once
	final      []bool
	run        func(c *shell.Call) // may be nil
}

// spell writes arguments so that their borders and what they stand for show.
func spell(args []shell.Arg) string {
	var words []string
	for _, a := range args {
		words = append(words, fmt.Sprintf("%q/%q/%v", a.Text, a.Whole, a.Key))
	}
	return strings.Join(words, " ")
}

func (o *oracle) Prefetch(_ context.Context, _ *shell.Call, argv [][]shell.Arg) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looks = append(o.looks, len(argv))
	for _, args := range argv {
		o.told = append(o.told, spell(args))
	}
}

func (o *oracle) Run(_ context.Context, c *shell.Call) (int, error) {
	o.mu.Lock()
	o.made = append(o.made, spell(c.Args))
	o.final = append(o.final, c.Final)
	o.mu.Unlock()
	if o.run != nil {
		o.run(c)
	}
	_, err := fmt.Fprintln(c.Stdout, len(c.Args))
	return 0, err
}

// but answers the calls in which word does not stand.
func but(calls []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(calls), func(c string) bool { return strings.Contains(c, word) })
}

// What loops tell of is what they then do: every call but those with LATE among
// their words, which depend on a reply; and of those with SKIPPED, which stand
// in a branch that is not taken, they tell in vain.
func TestLoopsTellWhichCallsAreComing(t *testing.T) {
	for _, source := range []string{
		`keys | while read k; do redis TTL "$k"; done`,
		`keys | while IFS= read -r k; do redis TTL $k; done`,
		`masked | while read k; do redis TTL "$k" "p:$k"; done`,
		`keys | while read k; do ttl=$(redis TTL "$k"); if [ "$ttl" -eq "-1" ]; then redis SKIPPED "$k"; fi; done`,
		`keys | while read k; do if [ "$(redis TTL "$k")" -gt 1 ]; then redis GET "$k"; else redis SKIPPED "$k"; fi; done`,
		`keys | while read k; do echo "$(redis TTL "$k" 2>/dev/null | cat) $((1 + $(redis GET $k)))"; done`,
		`keys | while read k || [ -n "$k" ]; do redis TTL $k; done`,
		`keys | while read k && true; do redis TTL $k && redis GET $k || redis SKIPPED $k; done`,
		`keys | while read k; do v=$(redis GET $k); redis LATE "$v"; redis LATE $?; done`,
		`keys | while read k; do x="p:$k"; y=$x$n; redis GET $y; n=$((n+1)); done`,
		`keys | while read k; do if [ -n "$k" ]; then x=a; else x=b; fi; redis LATE $x; x=c; redis GET $x $k; done`,
		`keys | while read k; do redis GET "$before" $k; before=$k; done`,
		`keys | while read k; do { redis GET $k; ( x=$k; redis GET $x ); redis GET "$x"; } done`,
		`keys | while read k; do sh -c 'redis GET "$k" x; y=1; redis GET $y'; done`,
		`keys | while read k; do ! redis GET $k | cat | while read n; do redis LATE $n; done; done`,
		`keys | while read k; do for f in a b; do redis HGET $k $f; done; done`,
		`keys | while read k; do r=redis; $r LATE $k; redis GET $k; done`,
		`lines a:1 b:2 'c:3 ' | while IFS=: read -r x y; do redis GET "$x" "$y"; done`,
		`lines 'a\ b c' 'd\' 'e f' '\g' | while read x y; do redis GET "$x" $y; done`,
		`lines 'a\ b c' 'd\' 'e f' '\g' | while read -r x y; do redis GET "$x" $y; done`,
		`lines a b | while read; do redis GET $REPLY; done`,
		`p=x; for k in $(keys); do redis TTL $p$k $k; done`,
		`for k in a b '*' "c d"; do redis TTL $k; redis GET "$k"; done`,
		`for i in 1 2; do for j in $i x; do redis GET $i$j; done; done`,
		`for i in 1 2; do for j in $(lines 3 4); do redis GET $i $j; done; redis TTL $i; done`,
		`keys | xargs -I {} sh -c 'echo "$(redis TTL {}) {}"'`,
		`keys | xargs -I {} sh -c 'x={}; redis TTL "$x" {} x{}y; if false; then redis SKIPPED {}; fi'`,
		`lines 'a b' "'c  d'" e\\\\f '' g | xargs -I% sh -c 'redis GET % "%"'`,
		`lines 'a\' b c | xargs -I% sh -c 'redis GET % "%"'`,
		`lines "a'b" c | xargs -d '\n' -I {} sh -c 'redis GET {}'`,
		`lines 1 2 | xargs -I {} sh -c 'for j in a {}; do redis GET {} $j; done'`,
	} {
		// The inner of two loops tells again what the outer one did.
		inner := strings.Count(source, "for ") + strings.Count(source, "while ") + strings.Count(source, "sh -c")
		t.Run(source, func(t *testing.T) {
			o := &oracle{}
			got := run(t, source, with("redis", o), with("keys", keys(awkward...)), with("masked", masked("session:1", "sesame:2")))
			if got.fault != nil || got.err != "" && !strings.Contains(source, "-eq") && !strings.Contains(source, "-gt") {
				t.Fatalf("%v %s", got.fault, got.err)
			}
			told, made := but(o.told, "SKIPPED"), but(o.made, "LATE")
			if inner > 1 {
				slices.Sort(told)
				slices.Sort(made)
				told, made = slices.Compact(told), slices.Compact(made)
			}
			if !slices.Equal(told, made) || len(made) == 0 {
				t.Errorf("told of\n%s\nmade\n%s", strings.Join(told, "\n"), strings.Join(made, "\n"))
			}
		})
	}
}

// prophets makes every command a Prefetcher.
func prophets(o *oracle) func(*shell.Env) {
	return func(env *shell.Env) {
		inner := env.Lookup
		env.Lookup = func(name string) (shell.Command, bool) {
			c, ok := inner(name)
			if !ok {
				return nil, false
			}
			return prophet{c, o}, true
		}
	}
}

type prophet struct {
	shell.Command
	*oracle
}

func (p prophet) Run(ctx context.Context, c *shell.Call) (int, error) { return p.Command.Run(ctx, c) }

func TestLookingAheadChangesNothing(t *testing.T) {
	filters := text.Commands(text.Options{})
	local := func(env *shell.Env) {
		env.Lookup = func(name string) (shell.Command, bool) { c, ok := filters[name]; return c, ok }
	}
	more := []string{
		`seq 9 | while read x; do echo $x; read y; echo $y; done`,
		`seq 9 | while read x; do echo $x; cat; done`,
		`seq 9 | while read x; do echo $x; head -2; done`,
		`seq 9 | while read x; do echo $x; { read y; } </dev/null; echo $y; done`,
		`seq 9 | while read x; do if [ $x = 3 ]; then break; fi; echo $x; done; echo $x`,
		`seq 9 | { while read x; do [ $x = 3 ] && break; echo $x; done; cat; }`,
		`seq 9 | while read x; do seq $x | while read y; do echo $x$y; done; done`,
		`seq 9 | while read x </dev/null; do echo $x; done; echo end`,
		`printf 'a\nb\\\nc\nd' | while read x; do echo $x; done; echo $x`,
		`n=5; for i in $(seq $n); do n=$((n+i)); echo $n; done`,
		`seq 3 | xargs -I {} sh -c 'read x; echo {}$x'`,
		`seq 20000 | while read x; do echo $x; done | tail -1`,
		`printf 'a\0b\0' | xargs -0 -I {} sh -c 'echo {}'`,
	}
	told := &oracle{}
	for _, source := range slices.Concat(likeBash, more) {
		want, got := run(t, source, local), run(t, source, local, prophets(told))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", source, got, want)
		}
	}
	if len(told.told) < 1000 {
		t.Errorf("only %d calls were told of", len(told.told))
	}
}

func TestALoopLooksFurtherAsItGoes(t *testing.T) {
	o := &oracle{}
	run(t, `for k in $(keys); do redis TTL $k; done`, with("redis", o), with("keys", numbered(2000)))
	if want := []int{32, 64, 128, 256, 512, 512, 496}; !slices.Equal(o.looks, want) {
		t.Errorf("looked at %v rounds, want %v", o.looks, want)
	}
	o = &oracle{}
	run(t, `keys | while read k; do redis TTL $k; done`, with("redis", o), with("keys", numbered(20_000)))
	if n := len(o.looks); n > 20_000/100 || len(o.told) < 19_900 {
		t.Errorf("%d looks, %d of 20000 calls told of", n, len(o.told))
	}
}

// A line that ends beyond what is at hand is not taken for a shorter one.
func TestLookingAheadSeesWholeLines(t *testing.T) {
	many := shell.CommandFunc(func(_ context.Context, c *shell.Call) (int, error) {
		for i := range 9000 {
			if _, err := fmt.Fprintf(c.Stdout, "<%d>\n", i); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	for _, source := range []string{
		`many | while read k; do redis GET $k; done`,
		`many | xargs -I {} sh -c 'redis GET {}'`,
		`many | tr0 | xargs -0 -I {} sh -c 'redis GET {}'`,
	} {
		o := &oracle{}
		got := run(t, source, with("many", many), with("redis", o), with("tr0", shell.CommandFunc(nulls)))
		made := make(map[string]bool)
		for _, c := range o.made {
			made[c] = true
		}
		if wrong := slices.DeleteFunc(o.told, func(c string) bool { return made[c] }); len(wrong) > 0 || got.fault != nil || len(made) != 9000 {
			t.Errorf("%s: %v: %d made, %d more were told of, as %v", source, got.fault, len(made), len(wrong), wrong[:min(len(wrong), 1)])
		}
	}
}

// nulls ends lines with NUL.
func nulls(_ context.Context, c *shell.Call) (int, error) {
	for {
		r, err := c.Stdin.Next()
		if err == io.EOF {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if _, err := c.Stdout.WriteString(string(r.Text) + "\x00"); err != nil {
			return 0, err
		}
	}
}

// A loop over what comes slowly begins with what has come.
func TestALoopDoesNotWaitToLookAhead(t *testing.T) {
	done := make(chan struct{})
	slowly := shell.CommandFunc(func(ctx context.Context, c *shell.Call) (int, error) {
		for range 3 {
			if _, err := c.Stdout.WriteString("a\nb\n"); err != nil {
				return 0, err
			}
			if err := c.Stdout.Flush(); err != nil {
				return 0, err
			}
			for range 2 {
				select {
				case <-done:
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			}
		}
		return 0, nil
	})
	o := &oracle{run: func(*shell.Call) { done <- struct{}{} }}
	got := run(t, `slowly | while read x; do redis GET $x; done`, with("slowly", slowly), with("redis", o), within(shell.Limits{Wall: forgotten}))
	if got.fault != nil || len(o.made) != 6 || !slices.Equal(o.looks, []int{2, 2, 2}) {
		t.Errorf("%v: made %v, looked at %v", got.fault, o.made, o.looks)
	}
}

func TestALoopWhoseBodyReadsLooksOnce(t *testing.T) {
	for _, reads := range []string{"read y", "head >/dev/null", "{ cat; } | count"} {
		o := &oracle{}
		run(t, `lines 1 2 3 4 5 6 7 8 9 | while read x; do redis GET $x; `+reads+`; done`, with("redis", o))
		if !slices.Equal(o.looks, []int{9}) {
			t.Errorf("%s: looked at %v", reads, o.looks)
		}
	}
	o := &oracle{}
	run(t, `keys | while read x; do redis GET $x; read y; done`, with("redis", o), with("keys", numbered(1000)))
	if !slices.Equal(o.looks, []int{32}) {
		t.Errorf("looked at %v, though the lines went elsewhere", o.looks)
	}
}

// What was seen ahead is let go of, however often a program looks.
func TestLookingAheadHoldsNothingForLong(t *testing.T) {
	source := `for i in $(keys); do for k in $i b c; do redis TTL $k; done
		lines x $i | while read k; do redis GET $k; done; lines y $i | xargs -I {} sh -c 'redis TYPE {}'; done`
	o := &oracle{}
	got := run(t, source, with("redis", o), with("keys", numbered(500)), within(shell.Limits{Held: 500_000}))
	if got.fault != nil || len(o.made) != 500*7 || len(o.looks) < 500 {
		t.Errorf("%v: %d calls, %d looks", got.fault, len(o.made), len(o.looks))
	}
}

func TestLookingAheadIsBounded(t *testing.T) {
	long := strings.Repeat("k", 100_000)
	for source, most := range map[string]int{
		`for k in $(keys); do redis TTL $k; done`:                                                                                                                              4, // of 100 kB each
		`x=$(zeros 100000); for i in 1 2 3 4 5 6 7 8 9; do redis TTL $x; done`:                                                                                                 3, // the same
		`x=$(zeros 900000); for i in 1 2 3 4 5 6 7 8 9; do for j in a b c; do y=$x$i; done; redis TTL $i; done`:                                                                9,
		`x="1 2 3 4 5 6 7 8 9 0"; for a in $x; do for b in $x; do for c in $x; do for d in $x; do for e in $x; do redis TTL $a$b$c$d$e; break 5; done; done; done; done; done`: 20_000,
	} {
		o := &oracle{}
		got := run(t, source, with("redis", o), with("keys", keys(slices.Repeat([]string{long}, 20)...)))
		if n := slices.Max(append(o.looks, 0)); got.fault != nil || n > most {
			t.Errorf("%.80s: %d calls at once, %v", source, n, got.fault)
		}
	}
}

// What is seen ahead takes nothing from what the program may hold: what fits
// without it, with some room for what is on its way, does so with it.
func TestLookingAheadTakesNoRoom(t *testing.T) {
	source := `for k in $(keys); do redis TTL $k$k$k$k$k; done`
	long := keys(slices.Repeat([]string{strings.Repeat("k", 5000)}, 20)...)
	looks := make(map[bool]int)
	for held := int64(100_000); held < 1_500_000; held += 50_000 {
		o := &oracle{}
		lean := run(t, source, within(shell.Limits{Held: held * 3 / 4}), with("keys", long), with("redis", shell.CommandFunc(o.Run)))
		if lean.fault != nil {
			continue
		}
		got := run(t, source, within(shell.Limits{Held: held}), with("keys", long), with("redis", o))
		if got.fault != nil || got.out != lean.out || len(o.made) != 40 {
			t.Errorf("with %d bytes: %v, %d calls", held, got.fault, len(o.made))
		}
		looks[len(o.looks) > 0]++
	}
	if looks[true] == 0 || looks[false] == 0 {
		t.Errorf("there was always room to look ahead, or never: %v", looks)
	}
}

func TestLoopsWithoutAnEndLookAhead(t *testing.T) {
	for _, source := range []string{
		`while true; do echo x; done | while read y; do redis GET $y; done | head 3`,
		`yes | while read y; do redis GET $y; done | head 3`,
		`yes | xargs -I {} sh -c 'redis GET {}' | head 3`,
	} {
		got := run(t, source, with("redis", &oracle{}), within(shell.Limits{Wall: forgotten}))
		if got.out != "2\n2\n2\n" || got.fault != nil {
			t.Errorf("%s: %+v", source, got)
		}
	}
	got := run(t, `yes | while read y; do redis GET $y; done`, with("redis", &oracle{}), within(shell.Limits{Wall: 50 * time.Millisecond, Steps: 1 << 40}))
	if got.fault == nil {
		t.Error("a loop without an end ended")
	}
}

func TestCallsKnowWhetherTheProgramReadsThem(t *testing.T) {
	for source, want := range map[string]bool{
		`redis x`:                        true,
		`{ if true; then redis x; fi; }`: true,
		`( redis x )`:                    true,
		`echo a | redis x`:               true,
		`echo a | while read k; do redis x; done`: true,
		`echo a | xargs redis`:                    true,
		`sh -c 'redis x'`:                         true,
		`redis x >/dev/null`:                      true,
		`redis x | cat`:                           false,
		`redis x | cat >/dev/null`:                false,
		`{ redis x; } | cat`:                      false,
		`echo $(redis x)`:                         false,
		`x=$(redis x)`:                            false,
		`for i in $(redis x); do :; done`:         false,
		`echo a | xargs redis | cat`:              false,
		`x=$(redis x >/dev/null)`:                 true,
		`redis x >/dev/null | cat`:                true,
		`echo $(redis x >&2)`:                     true,
		`echo $({ redis x >&2; } 2>&1)`:           false,
	} {
		o := &oracle{}
		run(t, source, with("redis", o))
		if len(o.final) != 1 || o.final[0] != want {
			t.Errorf("%s: %v, want %v", source, o.final, want)
		}
	}
}

func BenchmarkLoopsLookingAhead(b *testing.B) {
	benchmark(b, `keys | while read k; do redis TTL "$k"; done`, with("redis", foreseeing{}))
}

func BenchmarkLoopsNotLookingAhead(b *testing.B) {
	benchmark(b, `keys | while read k; do redis TTL "$k"; done`, with("redis", silent{}))
}

// foreseeing is a Prefetcher that does nothing.
type foreseeing struct{ silent }

func (foreseeing) Prefetch(context.Context, *shell.Call, [][]shell.Arg) {}
