package shell_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
)

func TestSyntaxErrors(t *testing.T) {
	for source, want := range map[string]string{
		`echo "a`:                      `column 6: this " is never closed`,
		`echo 'a`:                      `column 6: this ' is never closed`,
		"echo `a":                      "column 6: this ` is never closed",
		`echo $(a`:                     `column 6: this $( is never closed with )`,
		`echo “a”`:                     `column 6: “ is a curly quote; use the straight " instead`,
		`echo x‘a b’`:                  `column 7: ‘ is a curly quote; use the straight ' instead`,
		`echo “it's”`:                  `column 6: “ is a curly quote; use the straight " instead`,
		`grep "it’s" | grep 'a`:        `column 20: this ' is never closed`,
		"# it’s\necho 'a":              `line 2, column 6: this ' is never closed`,
		`é é 'x`:                       `column 5: this ' is never closed`,
		"a\nb &":                       `line 2, column 3: a background job (&) is not part of this shell`,
		"true\nif a":                   "line 2, column 1: `if <cond>` must be followed by `then`",
		`sh -c 'echo <(a)'`:            `column 13: process substitution is not part of this shell`,
		`sh -c "echo \"\$(a <(b))\""`:  `column 20: process substitution is not part of this shell`,
		`sh -c 'sh -c "a b &"'`:        `column 19: a background job (&) is not part of this shell`,
		"xargs -I {} sh -c 'a\n b <x'": `line 2, column 4: there are no files here: only /dev/null, 2>&1 and >&2 can be redirected to`,
		`sh -c 'echo "a'`:              `column 13: this " is never closed`,
		`x | sh -c "$y"`:               `column 11: the script of sh -c must be written out, in single quotes`,
		`xargs -Z`:                     `column 1: the option "-Z" is not supported; supported are -n N, -L N, -I R, -r, -0, -d '\n' and -P 1`,
		`xargs -n`:                     `column 1: -n needs a value`,
		`xargs -n 0 a`:                 `column 1: -n needs a number from 1, not "0"`,
		`xargs -P4 a`:                  `column 1: -P 4 is not supported, only -P 1 is: calls are made together without it where that is faster`,
		`xargs -n 2 -I {} a`:           `column 1: -n and -I cannot be given together`,
		`xargs -d , a`:                 `column 1: -d knows only '\n'`,
		`xargs -I x sh -c 'echo $x'`:   `column 25: xargs would replace this x, and it is not an argument or a part of one; choose another mark, as in xargs -I {}`,
		`xargs -I x sh -c "x=a"`:       `column 19: xargs would replace this x, and it is not an argument or a part of one; choose another mark, as in xargs -I {}`,
		`xargs -I on sh -c 'echo on; for i in on; do echo; done'`: `column 52: xargs would replace this on, and it is not an argument or a part of one; choose another mark, as in xargs -I {}`,
		"keys session:*\u200b | wc":                               `column 15: an invisible character (U+200B) stands here; leave it out, or quote it if it is meant`,
		"\ufeffecho":                                              `column 1: an invisible character (U+FEFF) stands here; leave it out, or quote it if it is meant`,
		"true\ndbsize | wc\u00a0-l":                               `line 2, column 12: this is a special space (U+00A0); use an ordinary one, or quote it if it is meant`,
		"if true;\u00a0then x; fi":                                `column 9: this is a special space (U+00A0); use an ordinary one, or quote it if it is meant`,
		`redis-cli —scan`:                                         `column 11: — is not the dash of an option; use - or --, or quote it if it is meant`,
		`redis-cli –-scan`:                                        `column 11: – is not the dash of an option; use - or --, or quote it if it is meant`,
		`x=1 redis get a`:                                         `column 1: an assignment cannot stand before a command; end it with ;`,
		`!`:                                                       "column 1: `!` cannot form a statement alone",
	} {
		_, err := shell.Parse(source)
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", source, err, want)
		}
	}
}

// What looks like a part of the shell is text where it is quoted, or where it
// can be no other.
func TestLookalikesAreTextWhereTheyAreMeant(t *testing.T) {
	for source, want := range map[string]string{
		"echo 'a\u00a0b' \"\u200b\" \\“": "a\u00a0b \u200b “\n",
		`echo "—scan" a — b session:a—b`: "—scan a — b session:a—b\n",
		"echo a # it’s\u00a0fine":        "a\n",
		`echo "$(echo "it’s (“")"`:       "it’s (“\n",
	} {
		if got := run(t, source); got.out != want || got.fault != nil {
			t.Errorf("%s: %q, %v", source, got.out, got.fault)
		}
	}
}

func TestExcerptPointsAtThePlace(t *testing.T) {
	pad := strings.Repeat("0123456789 ", 20)
	for name, c := range map[string]struct{ source, line, caret string }{
		"first column": {`(`, `(`, `^`},
		"short":        {`echo <(a)`, `echo <(a)`, `     ^`},
		"second line":  {"true\necho <(a)\ntrue", `echo <(a)`, `     ^`},
		"tab":          {"\techo\t<(a)", ` echo <(a)`, `      ^`},
		"wide":         {`echo 鍵 <(a)`, `echo 鍵 <(a)`, `        ^`},
		"combining":    {"echo e\u0301 <(a)", "echo e\u0301 <(a)", `       ^`},
		"control":      {"echo '\x1b' <(a)", `echo '�' <(a)`, `         ^`},
		"long, at end": {"echo " + pad + "<(a)", "…" + lastCells("echo "+pad+"<(a)", 77), strings.Repeat(" ", 1+77-4) + "^"},
		"long, at start": {"echo <(a) " + pad, ("echo <(a) " + pad)[:77] + "…",
			`     ^`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shell.Parse(c.source)
			var syntax *shell.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("parsed: %v", err)
			}
			if got, want := syntax.Excerpt(), c.line+"\n"+c.caret; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func lastCells(s string, n int) string { return s[len(s)-n:] }

// Whatever the place, line and caret fit into 80 columns.
func TestExcerptFits(t *testing.T) {
	source := strings.Repeat("0123456789 鍵", 40)
	for column := 1; column < 500; column++ {
		e := &shell.SyntaxError{Line: 1, Column: column, Source: source}
		line, caret, _ := strings.Cut(e.Excerpt(), "\n")
		if width := len([]rune(line)) + strings.Count(line, "鍵"); width > 80 || len(caret) > 80 {
			t.Fatalf("column %d: %d columns, caret at %d", column, width, len(caret))
		}
	}
	for _, e := range []*shell.SyntaxError{{}, {Line: 9, Column: 9, Source: "a"}, {Line: 1, Column: -1, Source: "a"}} {
		if got := e.Excerpt(); !strings.HasSuffix(got, "^") {
			t.Errorf("%+v: %q", e, got)
		}
	}
}

func TestEmptyProgramsAreNoOps(t *testing.T) {
	for _, source := range []string{"", " \n\t\n", "# a comment\n  # another"} {
		program, err := shell.Parse(source)
		if err != nil || !program.Empty() || len(program.Calls()) != 0 {
			t.Errorf("%q: %v", source, err)
			continue
		}
		if got := runProgram(t.Context(), program); got != (result{}) {
			t.Errorf("%q: %+v", source, got)
		}
	}
	if program, _ := shell.Parse(`true`); program.Empty() {
		t.Error("true is empty")
	}
}

func TestChatPrefixIsLeftOut(t *testing.T) {
	for source, want := range map[string]string{
		`!echo a`:                  "a\n",
		`!echo a | !cat`:           "a\n",
		`if !true; then !echo; fi`: "\n",
		`echo $(!echo a)`:          "a\n",
		`echo a | xargs !echo`:     "a\n",
		`!sh -c '!echo a'`:         "a\n",
		`! !false && echo a`:       "a\n",
		`"!echo" a`:                "a\n",
		`echo !a`:                  "!a\n",
	} {
		if got := run(t, source); got.out != want || got.fault != nil {
			t.Errorf("%s: %q, %v %s", source, got.out, got.fault, got.err)
		}
	}
}
