package shell_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// awkward are keys that no quoting of a line could keep together.
var awkward = []string{"a b", "it's", `say "x`, `back\slash`, "line\nbreak", "$(yes)", "`yes`;yes", "", " ", "{}", "*", "ключ", "\xff\x00"}

func TestKeysStayWhole(t *testing.T) {
	listed := with("keys", keys(awkward...))
	for name, source := range map[string]string{
		"xargs":                     `keys | xargs -n 1 whole`,
		"xargs, many at once":       `keys | xargs whole`,
		"xargs -L":                  `keys | xargs -L 1 whole`,
		"xargs -I":                  `keys | xargs -I {} whole {}`,
		"xargs -0":                  `keys | xargs -0 whole`,
		"xargs -d":                  `keys | xargs -d '\n' whole`,
		"xargs sh -c":               `keys | xargs -I {} sh -c 'whole {}'`,
		"xargs sh -c, quoted":       `keys | xargs -I {} sh -c 'whole "{}"'`,
		"xargs sh -c, single quote": `keys | xargs -I {} sh -c "whole '{}'"`,
		"xargs sh -c, assigned":     `keys | xargs -I {} sh -c 'x={}; whole $x'`,
		"xargs sh -c, captured":     `keys | xargs -I % sh -c 'whole $(lines a >/dev/null; keep %)'`,
		"read":                      `keys | while read k; do whole $k; done`,
		"read, quoted":              `keys | while read -r k; do whole "$k"; done`,
		"read, two names":           `keys | while read k rest; do whole $k $rest; done`,
		"read, no splitting":        `keys | while IFS= read -r k; do whole $k; done`,
		"for":                       `for k in $(keys); do whole $k; done`,
		"arguments":                 `whole $(keys)`,
		"assigned on":               `keys | while read k; do x=$k; y="$x"; whole $y; done`,
		"through stages":            `keys | cat | cat | xargs whole`,
		"through a capture":         `for k in $(keys | cat); do whole $k; done`,
		"through a group":           `{ keys; } | (cat) | xargs whole`,
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, source, listed, with("keep", keepKey()))
			want := wholes(awkward)
			if got.out != want || got.fault != nil {
				t.Errorf("%s\ngot:\n%s%v %s\nwant:\n%s", source, got.out, got.fault, got.err, want)
			}
		})
	}
}

// wholes is what the command whole says of keys.
func wholes(keys []string) string {
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%q key=true\n", k)
	}
	return b.String()
}

// keepKey is a command that writes its arguments as keys.
func keepKey() shell.Command {
	return shell.CommandFunc(func(_ context.Context, c *shell.Call) (int, error) {
		for _, a := range c.Args {
			if err := c.Stdout.WriteKey([]byte(a.Text), []byte(a.Whole)); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

func TestMaskedKeysCarryTheWholeKey(t *testing.T) {
	const one, two = "session:1", "sesame:2"
	for source, want := range map[string]string{
		`keys | cat`:                                    "ses…\nses…\n",
		`keys | xargs whole`:                            wholes([]string{one, two}),
		`keys | xargs -I {} whole x{}y`:                 "\"xsession:1y\" key=false\n\"xsesame:2y\" key=false\n",
		`keys | xargs -I {} args {}`:                    "[\"ses…\"]\n[\"ses…\"]\n",
		`keys | while read k; do echo "$k"; done`:       "ses…\nses…\n",
		`keys | while read k; do whole "p:$k"; done`:    "\"p:session:1\" key=false\n\"p:sesame:2\" key=false\n",
		`x=$(keys); whole "$x"`:                         "\"session:1\\nsesame:2\" key=false\n",
		`x=$(keys); whole $x`:                           wholes([]string{one, two}),
		`x="$(keys)"; args $x`:                          "[\"ses…\" \"ses…\"]\n",
		`whole session:$(keys | head 1)`:                "\"session:session:1\" key=false\n",
		`whole "$(keys | head 1)"`:                      wholes([]string{one}),
		`keys | { read a; read b; [ "$a" = "$b" ]; }`:   "", // shown alike, but different keys
		`keys | { read a; [ "$a" = "ses…" ]; } && echo`: "\n",
	} {
		if got := run(t, source, with("keys", masked(one, two))); got.out != want || got.fault != nil {
			t.Errorf("%s\ngot:\n%s%v\nwant:\n%s", source, got.out, got.fault, want)
		}
	}
	got := run(t, `keys | { read a; read b; [ "$a" = "$b" ]; }`, with("keys", masked(one, two)))
	if got.status != 1 {
		t.Errorf("two keys that look alike are taken for the same")
	}
}

// A key that holds a line break cannot stand beside other lines: whoever
// splits them again would get other keys.
func TestBrokenKeyBesideOtherLinesIsAnError(t *testing.T) {
	for source, fails := range map[string]bool{
		`x=$(keys)`:                         true,
		`echo "$(keys)"`:                    true,
		`x=$(echo first; keys | head 1)`:    true,
		`x=$(keys | head 1; echo last)`:     true,
		`x=$(echo; keys | head 1)`:          true,
		`x=$(keys | head 1)`:                false,
		`x=$(keys | head 1; echo; echo)`:    false,
		`echo "$(keys | head 1)"`:           false,
		`echo $(keys)`:                      false,
		`for k in $(keys); do echo a; done`: false,
	} {
		got := run(t, source, with("keys", keys("a\nb", "c")))
		var fault *shell.ExpandError
		switch {
		case fails && !errors.As(got.fault, &fault):
			t.Errorf("%s: ended with %v, want an ExpandError", source, got.fault)
		case fails && !strings.Contains(fault.Error(), `"a\nb"`):
			t.Errorf("%s: the error does not name the key: %v", source, fault)
		case !fails && got.fault != nil:
			t.Errorf("%s: %v", source, got.fault)
		}
	}
}

func TestExplicitSeparatorsSplitAKeyForReading(t *testing.T) {
	got := run(t, `keys | while IFS=: read -r a b c; do args $a $b $c; done`, with("keys", keys("session:user:ann")))
	if want := "[\"session\" \"user\" \"ann\"]\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
}
