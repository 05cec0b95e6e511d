package shell_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/helix-collective/helix/shell"
)

func addSeeds(f *testing.F) {
	for _, source := range likeBash {
		f.Add(source)
	}
	for _, source := range endless {
		f.Add(source)
	}
	for _, h := range hostilePrograms() {
		f.Add(h.source)
	}
}

// FuzzParse holds what Parse promises of any text.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, source string) {
		program, err := shell.Parse(source)
		if err == nil {
			checkCalls(t, source, program.Calls())
			return
		}
		var syntax *shell.SyntaxError
		if !errors.As(err, &syntax) {
			t.Fatalf("error of type %T", err)
		}
		if strings.Contains(err.Error(), "could not be parsed") {
			t.Fatal(err)
		}
		lines := strings.Split(source, "\n")
		if syntax.Line < 1 || syntax.Line > len(lines) {
			t.Fatalf("%v: there is no such line", err)
		}
		if line := lines[syntax.Line-1]; syntax.Column < 1 || syntax.Column > utf8.RuneCountInString(line)+1 {
			t.Fatalf("%v: there is no such column", err)
		}
		if strings.Count(syntax.Excerpt(), "\n") != 1 || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%q, %q: lines", err, syntax.Excerpt())
		}
	})
}

func checkCalls(t *testing.T, source string, calls []shell.SourceCall) {
	t.Helper()
	before := shell.Pos{}
	for _, c := range calls {
		if c.Pos.Line < before.Line || c.Pos.Line == before.Line && c.Pos.Column < before.Column {
			t.Fatalf("%s stands at %v, after %v", c.Name, c.Pos, before)
		}
		if before = c.Pos; before.Line > strings.Count(source, "\n")+1 {
			t.Fatalf("%s stands at %v", c.Name, c.Pos)
		}
	}
}

// FuzzRun holds what Run promises of any program: it ends in time, nothing is
// left behind, and only what Calls announced or the program itself made up is
// looked up.
func FuzzRun(f *testing.F) {
	addSeeds(f)
	limits := shell.Limits{
		Wall: 20 * time.Millisecond, Steps: 2000, Variable: 1 << 12, Held: 1 << 20,
		Output: 1 << 14, Depth: 6, Words: 1000,
	}
	f.Fuzz(func(t *testing.T, source string) {
		program, err := shell.Parse(source)
		if err != nil {
			return
		}
		start := time.Now()
		got := runProgram(context.Background(), program, within(limits), with("keys", keys(awkward...)), prophets(&oracle{}))
		if took := time.Since(start); took > forgotten {
			t.Fatalf("took %v", took)
		}
		if len(got.out)+len(got.err) > 1<<14 {
			t.Fatalf("%d bytes of output", len(got.out)+len(got.err))
		}
		if got.fault == nil && (got.status < 0 || got.status > 255) {
			t.Fatalf("status %d", got.status)
		}
		var caught *shell.PanicError
		if errors.As(got.fault, &caught) && caught.Value != "boom" {
			t.Fatalf("%v\n%s", caught, caught.Stack)
		}
	})
}

// FuzzAliases has any script stand for a name, within any source.
func FuzzAliases(f *testing.F) {
	for _, script := range []string{`echo "$1"`, `for x in "$@"; do a $x; done`, `b | a`, `sh -c 'echo "$1"'`, `x=$1; echo $((x)) "$(a $2)"`, `xargs -I {} a {} $@`} {
		f.Add(script, `a x | a 'y z' | xargs a`)
		f.Add(script, `sh -c 'a $x'; for k in $(a); do a "$k" "$@"; done`)
	}
	f.Fuzz(func(t *testing.T, script, source string) {
		program, err := shell.ParseWith(source, func(name string) (string, bool) { return script, name == "a" })
		if err == nil {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			got := runProgram(ctx, program, within(shell.Limits{Steps: 1000}))
			if panicked := (*shell.PanicError)(nil); errors.As(got.fault, &panicked) {
				t.Fatalf("%v\n%s", panicked, panicked.Stack)
			}
			return
		}
		syntax := (*shell.SyntaxError)(nil)
		if !errors.As(err, &syntax) || strings.Contains(err.Error(), "could not be parsed") {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if syntax.Excerpt() == "" {
			t.Fatal("nothing is shown")
		}
	})
}
