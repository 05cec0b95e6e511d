package shell_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// sketch writes calls in short: own ones in brackets, arguments that are not
// literal in angle brackets, more arguments to come as an ellipsis.
func sketch(calls []shell.SourceCall) string {
	var all []string
	for _, c := range calls {
		words := []string{c.Name}
		if c.Own {
			words[0] = "[" + c.Name + "]"
		}
		for _, a := range c.Args {
			if a.Literal {
				words = append(words, a.Text)
			} else {
				words = append(words, "<"+a.Text+">")
			}
		}
		if c.More {
			words = append(words, "…")
		}
		all = append(all, fmt.Sprintf("%d:%d %s", c.Pos.Line, c.Pos.Column, strings.Join(words, " ")))
	}
	return strings.Join(all, "\n")
}

func TestCallsStandInTheOrderOfTheSource(t *testing.T) {
	for source, want := range map[string][]string{
		`!redis keys session:* | wc -l`:                     {"1:1 redis keys session:*", "1:25 wc -l"},
		`a "b c" 'd' e\ f "$x" g$(h i)`:                     {`1:1 a b c d e f <"$x"> <g$(h i)>`, "1:26 h i"},
		`a; b && c || ! d; (e); { f; }`:                     {"1:1 a", "1:4 b", "1:9 c", "1:16 d", "1:20 e", "1:26 f"},
		"if a; then b; elif c; then d; else e\nfi":          {"1:4 a", "1:12 b", "1:20 c", "1:28 d", "1:36 e"},
		"while a; do b; done\nfor i in $(c); do d $i; done": {"1:7 a", "1:13 b", "2:12 c", "2:19 d <$i>"},
		`x=$(a) y=1`:                     {"1:5 a"},
		`echo $(( $(a) + 1 ))`:           {"1:1 echo <$(( $(a) + 1 ))>", "1:12 a"},
		`$x a; "$y"; b$z`:                nil,
		`redis.session_ttl=86400`:        {"1:1 redis.session_ttl=86400"},
		`true`:                           {"1:1 [true]"},
		`xargs redis del`:                {"1:1 [xargs] redis del", "1:7 redis del …"},
		`xargs`:                          {"1:1 [xargs]", "1:1 echo …"},
		`xargs -n 2 -r redis del a`:      {"1:1 [xargs] -n 2 -r redis del a", "1:15 redis del a …"},
		`xargs -n "$n" redis del`:        {`1:1 [xargs] -n <"$n"> redis del`, "1:15 redis del …"},
		`xargs -I {} redis expire {} 60`: {"1:1 [xargs] -I {} redis expire {} 60", "1:13 redis expire <{}> 60"},
		`xargs -I {} {} a`:               {"1:1 [xargs] -I {} {} a"},
		`xargs xargs a`:                  {"1:1 [xargs] xargs a", "1:7 [xargs] a …", "1:13 a …"},
		`sh -c 'a; b "$(c)"'`:            {`1:1 [sh] -c a; b "$(c)"`, "1:8 a", `1:11 b <"$(c)">`, "1:16 c"},
		`xargs -I % sh -c 'a % | b'`:     {"1:1 [xargs] -I % sh -c a % | b", "1:12 [sh] -c <'a % | b'>", "1:19 a <%>", "1:25 b"},
		`echo "$(redis ttl "session:$(redis keys "*" | head -1)")"`: {
			`1:1 echo <"$(redis ttl "session:$(redis keys "*" | head -1)")">`,
			`1:9 redis ttl <"session:$(redis keys "*" | head -1)">`,
			"1:30 redis keys *", "1:47 head -1"},
		"redis keys \"session:*\" | \\\n  xargs -I {} sh -c 'echo \"$(redis TTL {}) {}\"' | \\\n  sort -rn": {
			"1:1 redis keys session:*",
			`2:3 [xargs] -I {} sh -c echo "$(redis TTL {}) {}"`, `2:15 [sh] -c <'echo "$(redis TTL {}) {}"'>`,
			`2:22 echo <"$(redis TTL {}) {}">`, "2:30 redis TTL <{}>", "3:3 sort -rn"},
	} {
		program, err := shell.Parse(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := sketch(program.Calls()); got != strings.Join(want, "\n") {
			t.Errorf("%s\ngot\n%s\nwant\n%s", source, got, strings.Join(want, "\n"))
		}
	}
}

// What is looked up when a program runs was either announced by Calls or has a
// name that only the run could tell.
func TestEveryLookUpWasAnnounced(t *testing.T) {
	for _, source := range likeBash {
		program, err := shell.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		announced := map[string]bool{}
		for _, c := range program.Calls() {
			announced[c.Name] = true
		}
		dynamic := strings.Contains(source, "$x -") || strings.HasSuffix(source, "$x hello") ||
			strings.HasSuffix(source, "; $x") || strings.HasPrefix(source, "$")
		runProgram(t.Context(), program, func(env *shell.Env) {
			env.Lookup = func(name string) (shell.Command, bool) {
				if !announced[name] && !dynamic {
					t.Errorf("%s: %q was not announced", source, name)
				}
				return lookup(name)
			}
		})
	}
}

func TestOwnCommandsAreOwn(t *testing.T) {
	names := shell.OwnCommands()
	if !slices.IsSorted(names) {
		t.Errorf("not in order: %v", names)
	}
	for _, name := range names {
		source := name + " -c true"
		program, err := shell.Parse(source)
		if name == "xargs" {
			program, err = shell.Parse(name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if c := program.Calls()[0]; c.Name != name || !c.Own {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
