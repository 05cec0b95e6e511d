package shell_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// scripts are what names stand for in these tests.
var scripts = shell.Aliases(func(name string) (string, bool) {
	script, ok := map[string]string{
		"hello":  `echo hello`,
		"greet":  `echo "hello $1"; echo "$@"`,
		"bare":   `echo $1 $2`,
		"each":   `for x in "$@"; do echo "<$x>"; done`,
		"lines":  `cat`,
		"inner":  `x=inside; greet "$1"; echo "[$y]"`,
		"a":      `b`,
		"b":      `a`,
		"deep1":  `deep2`,
		"deep2":  `deep3`,
		"deep3":  `deep4`,
		"deep4":  `deep5`,
		"deep5":  `echo bottom`,
		"many":   strings.Repeat("more; ", 10),
		"more":   strings.Repeat("hello; ", 10),
		"leaves": `echo one; exit 3; echo two`,
		"script": `sh -c 'echo $1'`,
		"named":  `"$1" x`,
		"broken": `echo (`,
	}[name]
	return script, ok
})

func runAliases(t *testing.T, source string, change ...func(*shell.Env)) result {
	t.Helper()
	program, err := shell.ParseWith(source, scripts)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return runProgram(t.Context(), program, change...)
}

func TestAliases(t *testing.T) {
	for _, tt := range []struct {
		name, source, want string
		status             int
	}{
		{"a call", `hello`, "hello\n", 0},
		{"in a pipe", `hello | cat | cat`, "hello\n", 0},
		{"reading a pipe", `echo a; echo b | lines`, "a\nb\n", 0},
		{"a word and all words", `greet a b`, "hello a\na b\n", 0},
		{"a word is never split", `greet 'a  b'; bare 'a  b' "c  d"`, "hello a  b\na  b\na  b c  d\n", 0},
		{"nor parsed", `greet '$(echo no)' '; echo no'`, "hello $(echo no)\n$(echo no) ; echo no\n", 0},
		{"one for each", `each 'a b' c`, "<a b>\n<c>\n", 0},
		{"none at all", `each`, "", 0},
		{"a word that is not given is empty", `greet`, "hello \n\n", 0},
		{"what is known later", `x='p q'; greet "$x" $(echo r)`, "hello p q\np q r\n", 0},
		{"of xargs", `echo a b c | xargs greet`, "hello a\na b c\n", 0},
		{"of xargs -I", `echo 'a b' | xargs -I {} each {} '{}!'`, "<a b>\n<a b!>\n", 0},
		{"within sh -c", `sh -c 'greet x'`, "hello x\nx\n", 0},
		{"within another", `y=outside; inner z; echo "[$x]"`, "hello z\nz\n[]\n[]\n", 0},
		{"exit ends it alone", `leaves; echo $?`, "one\n3\n", 0},
		{"with the chat's mark", `!hello`, "hello\n", 0},
		{"its status", `leaves || echo failed`, "one\nfailed\n", 0},
		{"in a loop", `for i in 1 2; do hello; done`, "hello\nhello\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := runAliases(t, tt.source)
			if got.out != tt.want || got.status != tt.status || got.fault != nil || got.err != "" {
				t.Errorf("%s: %q, %q, status %d, %v; want %q", tt.source, got.out, got.err, got.status, got.fault, tt.want)
			}
		})
	}
}

func TestAliasesThatAreRefused(t *testing.T) {
	for source, want := range map[string]string{
		`hello; a`:         "column 1: the alias a leads back to itself",
		`deep1`:            "too deep",
		`hello x`:          "column 1: the alias hello takes no words",
		`xargs hello`:      "column 7: the alias hello takes no words",
		`many`:             "more than 50 calls of aliases",
		`script x`:         "the special parameter $1",
		`broken`:           "(",
		`echo "$1"`:        "the special parameter $1",
		`greet; echo "$@"`: "the special parameter $@",
	} {
		_, err := shell.ParseWith(source, scripts)
		syntax := (*shell.SyntaxError)(nil)
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
}

// TestCallsOfAliasesAreKnown has the calls that an alias makes told with what it
// is given, as far as the source tells, so that they can be judged beforehand.
func TestCallsOfAliasesAreKnown(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{`hello`, "hello() echo(hello)"},
		{`bare a 'b c'`, "bare(a,b c) echo(a,b c)"},
		{`bare a`, "bare(a) echo(a,)"},
		{`bare "$x" b`, `bare(?"$x",b) echo(?"$x",b)`},
		{`each a b`, `each(a,b) echo(?"<$x>")`},
		{`greet a b`, `greet(a,b) echo(?"hello $1") echo(a,b)`},
		{`xargs greet a`, `xargs(greet,a) greet(a)+ echo(?"hello $1") echo(a)+`},
		{`inner q`, `inner(q) greet(q) echo(?"hello $1") echo(q) echo(?"[$y]")`},
	} {
		program, err := shell.ParseWith(tt.source, scripts)
		if err != nil {
			t.Fatal(err)
		}
		if got := callsText(program.Calls()); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.source, got, tt.want)
		}
	}
}

func callsText(calls []shell.SourceCall) string {
	var list []string
	for _, c := range calls {
		var args []string
		for _, a := range c.Args {
			mark := "?"
			if a.Literal {
				mark = ""
			}
			args = append(args, mark+a.Text)
		}
		text := c.Name + "(" + strings.Join(args, ",") + ")"
		if c.More {
			text += "+"
		}
		list = append(list, text)
	}
	return strings.Join(slices.Clip(list), " ")
}

// TestAliasesAreHeldToTheLimits: what an alias stands for counts as if it had
// been written out.
func TestAliasesAreHeldToTheLimits(t *testing.T) {
	got := runAliases(t, `while true; do hello; done >/dev/null`, within(shell.Limits{Steps: 1000}))
	if limit := (*shell.LimitError)(nil); !errors.As(got.fault, &limit) {
		t.Errorf("ended with %v", got.fault)
	}
}

// TestWordsOfAnAliasAreData hands hostile words and keys through an alias and back.
func TestWordsOfAnAliasAreData(t *testing.T) {
	for _, word := range []string{
		"", " ", "a  b", "$(echo x)", "`echo x`", "$1", `"$@"`, "; echo x", "| cat", "\n", "a\nb", `\`, `"`, "{}", "*", "~", "#", "-n", "!", "ä🙂", "$x",
	} {
		quoted := "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		if got := runAliases(t, "each "+quoted); got.out != "<"+word+">\n" || got.fault != nil || got.err != "" {
			t.Errorf("%q became %q (%s, %v)", word, got.out, got.err, got.fault)
		}
	}
	listed := with("list", keys("a b", "c\nd", "$(echo x)", "e'f"))
	for _, source := range []string{`list | xargs -n 1 each`, `list | xargs -I {} each {}`, `list | while read -r k; do each "$k"; done`, `for k in $(list); do each $k; done`} {
		if got := runAliases(t, source, listed); got.out != "<a b>\n<c\nd>\n<$(echo x)>\n<e'f>\n" {
			t.Errorf("%s: %q (%s, %v)", source, got.out, got.err, got.fault)
		}
	}
}
