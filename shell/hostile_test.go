package shell_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/shell"
	"go.uber.org/goleak"
)

// hostile is a program that means harm, and what becomes of it: it is refused
// because of a construct, stopped by a limit or a fault, or it ends and does
// none.
type hostile struct {
	source string
	refuse string // the construct, or "malformed"
	stop   string // part of the sentence that Run's error is
	status int    // of a program that ends
}

// forgotten is how long only a program takes that heeds no deadline: it leaves
// room for a busy machine.
const forgotten = 15 * time.Second

const tooLong = "the run time is limited to 200 milliseconds"

func hostilePrograms() []hostile {
	many := strings.Repeat
	refused := []hostile{
		{source: `:(){ :|:& };:`, refuse: "a function"},
		{source: `f() { f; }; f`, refuse: "a function"},
		{source: `function f { f; }; f`, refuse: "a function"},
		{source: `sleep 1000 &`, refuse: "a background job (&)"},
		{source: `true & true`, refuse: "a background job (&)"},
		{source: `(true &)`, refuse: "a background job (&)"},
		{source: `echo $(true &)`, refuse: "a background job (&)"},
		{source: `coproc cat`, refuse: "a coprocess"},
		{source: `echo a |& cat`, refuse: "|&"},
		{source: `cat <(echo a)`, refuse: "process substitution"},
		{source: `echo a > >(cat)`, refuse: "a redirection to a file"},
		{source: `cat < /etc/passwd`, refuse: "a redirection to a file"},
		{source: `cat 0</etc/passwd`, refuse: "a redirection to a file"},
		{source: `echo a > /tmp/x`, refuse: "a redirection to a file"},
		{source: `echo a >> x`, refuse: "a redirection to a file"},
		{source: `echo a >| x`, refuse: "a redirection to a file"},
		{source: `echo a <> x`, refuse: "a redirection to a file"},
		{source: `echo a 3>/dev/null`, refuse: "a redirection to a file"},
		{source: `echo a {fd}>/dev/null`, refuse: "a redirection to a file"},
		{source: `echo a >&3`, refuse: "a redirection to a file"},
		{source: `echo a 2>&-`, refuse: "a redirection to a file"},
		{source: `echo a &>x`, refuse: "a redirection to a file"},
		{source: `x=/dev/null; echo a >$x`, refuse: "a redirection to a file"},
		{source: `echo a >"/dev/null"`, refuse: "a redirection to a file"},
		{source: `echo a >/dev/tcp/127.0.0.1/6379`, refuse: "a redirection to a file"},
		{source: `>/dev/null`, refuse: "a redirection without a command"},
		{source: `echo $(</etc/passwd)`, refuse: "a redirection without a command"},
		{source: "cat <<E\n" + many("x\n", 3000) + "E\n", refuse: "a here-document"},
		{source: "cat <<-E\n\tx\nE\n", refuse: "a here-document"},
		{source: "cat <<'E'\n$(x)\nE\n", refuse: "a here-document"},
		{source: `cat <<< x`, refuse: "a here-string"},
		{source: `[[ a =~ (a+)+$ ]]`, refuse: "[[ … ]]"},
		{source: `((1))`, refuse: "the command ((…))"},
		{source: `((x=1<<62))`, refuse: "the command ((…))"},
		{source: `let x=1`, refuse: "let"},
		{source: `declare -A m=(x) | cat`, refuse: "declare"},
		{source: `declare -n x=x; echo $x`, refuse: "declare"},
		{source: `export PATH=/tmp`, refuse: "export"},
		{source: `readonly x=1`, refuse: "readonly"},
		{source: `local x=1`, refuse: "local"},
		{source: `typeset x`, refuse: "typeset"},
		{source: `time true`, refuse: "time"},
		{source: `case a in a) true;; esac`, refuse: "case"},
		{source: `select x in a; do true; done`, refuse: "select"},
		{source: `for ((;;)); do true; done`, refuse: "for ((…))"},
		{source: `for x; do true; done`, refuse: "for without in"},
		{source: `for x in a; { true; }`, refuse: "for with braces"},
		{source: `a=(1 2)`, refuse: "an array"},
		{source: `a[1]=2`, refuse: "an array"},
		{source: `a[$(yes)]=2`, refuse: "an array"},
		{source: `x+=x`, refuse: "+="},
		{source: `x=1 echo a`, refuse: "an assignment before a command"},
		{source: `LD_PRELOAD=x true`, refuse: "an assignment before a command"},
		{source: `IFS=x`, refuse: "IFS"},
		{source: `for IFS in a; do true; done`, refuse: "IFS"},
		{source: `IFS=$x read y`, refuse: "IFS"},
		{source: `echo {1..1000000000}`, refuse: "brace expansion"},
		{source: `echo {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}`, refuse: "brace expansion"},
		{source: `echo x{a,{b,{c,d}}}`, refuse: "brace expansion"},
		{source: `echo ` + many("{a,b}", 1600), refuse: "brace expansion"},
		{source: `echo ` + many("{a,", 2000), refuse: "malformed"},
		{source: `echo ` + many("{a,", 90), refuse: ""},
		{source: `echo ~`, refuse: "~"},
		{source: `echo ~root/.ssh`, refuse: "~"},
		{source: `x=~/x`, refuse: "~"},
		{source: `echo @(a|b)`, refuse: "an extended glob"},
		{source: `echo !(a)`, refuse: "an extended glob"},
		{source: `echo $'\x41'`, refuse: "$'…'"},
		{source: `echo $"a"`, refuse: `$"…"`},
		{source: `echo $[1+1]`, refuse: "$[…]"},
		{source: `echo ${x:-$(yes)}`, refuse: "${…} with an operator"},
		{source: `echo ${x:=1}`, refuse: "${…} with an operator"},
		{source: `echo ${!x}`, refuse: "${…} with an operator"},
		{source: `echo ${#x}`, refuse: "${…} with an operator"},
		{source: `echo ${x//a/b}`, refuse: "${…} with an operator"},
		{source: `echo ${x:1:2}`, refuse: "${…} with an operator"},
		{source: `echo ${x@P}`, refuse: "${…} with an operator"},
		{source: `echo ${x[0]}`, refuse: "${…} with an operator"},
		{source: `echo ${x^^}`, refuse: "${…} with an operator"},
		{source: `echo $$`, refuse: "the special parameter $$"},
		{source: `echo $!`, refuse: "the special parameter $!"},
		{source: `echo $0 $1`, refuse: "the special parameter $0"},
		{source: `echo "$@"`, refuse: "the special parameter $@"},
		{source: `echo $#`, refuse: "the special parameter $#"},
		{source: `echo $_`, refuse: "the special parameter $_"},
		{source: `echo $()`, refuse: "an empty $(…)"},
		{source: `echo $((x=1))`, refuse: "= in $((…))"},
		{source: `echo $((x++))`, refuse: "++ in $((…))"},
		{source: `echo $((x+=1, 2))`, refuse: "+= in $((…))"},
		{source: `echo $((1,2))`, refuse: ", in $((…))"},
		{source: `echo $((a[1]))`, refuse: "${…} with an operator"},
		{source: `sh -c "$x"`, refuse: "sh -c"},
		{source: `sh script`, refuse: "sh"},
		{source: `sh`, refuse: "sh"},
		{source: `sh -c`, refuse: "sh"},
		{source: `sh -ec true`, refuse: "sh"},
		{source: `sh -c 'f() { f; }; f'`, refuse: "a function"},
		{source: `xargs sh -c 'cat </etc/passwd'`, refuse: "a redirection to a file"},
		{source: `xargs -I {} sh -c "$(cat)"`, refuse: "sh -c"},
		{source: `xargs -I "$x" echo`, refuse: "xargs -I"},
		{source: `xargs -a /etc/passwd`, refuse: "xargs"},
		{source: `xargs -P 100 true`, refuse: "xargs"},
		{source: `echo “a”`, refuse: "curly quote"},
		{source: `echo ‘a`, refuse: "curly quote"},
		{source: `echo 'a`, refuse: "malformed"},
		{source: `echo "$(`, refuse: "malformed"},
		{source: `if true; then`, refuse: "malformed"},
		{source: `)`, refuse: "malformed"},
		{source: "a\x00b", refuse: "malformed"},
		{source: "a\xff", refuse: "malformed"},
		{source: many("x", shell.MaxSource+1), refuse: "malformed"},
		{source: many("(", 4000), refuse: "malformed"},
		{source: many("( ", 4000), refuse: "malformed"},
		{source: many("$(", 4000), refuse: "malformed"},
		{source: many(`"$(`, 2700), refuse: "malformed"},
		{source: many("`", 8000), refuse: "an empty $(…)"},
		{source: many("{ ", 4000), refuse: "malformed"},
		{source: many("if ", 2700), refuse: "malformed"},
		{source: many("while ", 1300), refuse: "malformed"},
		{source: many("! ", 4000), refuse: "malformed"},
		{source: many("if true; then ", 200) + "true" + many("; fi", 200), refuse: "malformed"},
		{source: many("( \")\" ", 200) + many(")", 200), refuse: "malformed"},
		{source: many("true && ", 1000) + "true", refuse: "malformed"},
		{source: many("true | ", 1000) + "true", refuse: "malformed"},
		{source: "sh -c 'echo \"a'", refuse: "malformed"},
		{source: "echo $((" + many("(", 2000) + "1" + many(")", 2000) + "))", refuse: "malformed"},
		{source: "echo $((" + many("-", 2000) + "1))", refuse: "malformed"},
		{source: "echo $((" + many("1+", 2000) + "1))", refuse: "malformed"},
	}
	stopped := []hostile{
		{source: `while true; do true; done`, stop: tooLong},
		{source: `while :; do :; done | cat`, stop: tooLong},
		{source: `until false; do :; done`, stop: tooLong},
		{source: `while true; do echo x; done`, stop: tooLong},
		{source: `while true; do echo x; done >/dev/null`, stop: tooLong},
		{source: `while true; do x=$(echo a); done`, stop: tooLong},
		{source: `while true; do (true); done`, stop: tooLong},
		{source: `while true; do true | true; done`, stop: tooLong},
		{source: `while true; do sh -c 'true'; done`, stop: tooLong},
		{source: `while true; do echo a | xargs true; done`, stop: tooLong},
		{source: `while true; do for i in a b c; do continue 2; done; done`, stop: tooLong},
		{source: `while ! false; do x=$((x+1)); done`, stop: tooLong},
		{source: `while true; do [ 1 -eq 1 ]; done`, stop: tooLong},
		{source: `while true; do read x; done`, stop: tooLong},
		{source: `while true; do frob; done 2>/dev/null`, stop: tooLong},
		{source: `yes | cat | cat >/dev/null`, stop: tooLong},
		{source: `yes | while read x; do true; done`, stop: tooLong},
		{source: `yes | xargs -n 1 true`, stop: tooLong},
		{source: `yes | xargs -I {} sh -c 'x={}'`, stop: tooLong},
		{source: `yes | xargs true`, stop: tooLong},
		{source: `yes | xargs | xargs | xargs | xargs | count`, stop: tooLong},
		{source: `yes | count`, stop: tooLong},
		{source: `wait`, stop: tooLong},
		{source: `wait | cat`, stop: tooLong},
		{source: `echo a | wait`, stop: tooLong},
		{source: `x=$(wait)`, stop: tooLong},
		{source: `wait | wait | wait`, stop: tooLong},
		{source: `yes`, stop: "the output is limited to"},
		{source: `yes >&2`, stop: "the output is limited to"},
		{source: `yes | cat | cat`, stop: "the output is limited to"},
		{source: `{ yes >&2; } 2>&1`, stop: "the output is limited to"},
		{source: `zeros 100000000`, stop: "the output is limited to"},
		{source: `x=a; while true; do x=$x$x; done`, stop: "the variable x is limited to 1048576 bytes"},
		{source: `x=a; while true; do x="$x$x"; done`, stop: "the variable x is limited to 1048576 bytes"},
		{source: `x=aa; while true; do x="$x $x"; y=$x; done`, stop: "the variable x is limited"},
		{source: `x=a; while true; do x="${x}${x}${x}${x}${x}${x}${x}${x}"; done`, stop: "the variable x is limited"},
		{source: `x=$(zeros 2000000)`, stop: "the variable x is limited"},
		{source: `x=$(keys); while true; do x="$x$x"; done`, stop: "limited to"},
		{source: `x=$(yes)`, stop: "what $(…) captures is limited to"},
		{source: `echo $(yes)`, stop: "what $(…) captures is limited to"},
		{source: `echo "$(yes)"`, stop: "what $(…) captures is limited to"},
		{source: `for i in $(yes); do true; done`, stop: "what $(…) captures is limited to"},
		{source: `echo $(zeros 100000000)`, stop: "what $(…) captures is limited to"},
		{source: `echo $(echo $(echo $(yes)))`, stop: "what $(…) captures is limited to"},
		{source: `echo $(yes | head 150000)`, stop: "one command is limited to 100000 words"},
		{source: `for i in $(yes | head 150000); do true; done`, stop: "one command is limited to 100000 words"},
		{source: `x=$(zeros 1000000); echo ` + many(`"$x"`, 1000), stop: "what one command expands to is limited to"},
		{source: `x=$(zeros 1000000); echo ` + many(` $x`, 1000), stop: "what one command expands to is limited to"},
		{source: `x=$(zeros 1000000); y="` + many("$x", 1000) + `"`, stop: "what one command expands to is limited to"},
		{source: `x=$(zeros 1000000); for i in ` + many(` "$x"`, 1000) + `; do true; done`, stop: "what one command expands to is limited to"},
		{source: setVariables(100, `$(zeros 1000000)`), stop: "limited to"},
		{source: `x=$(zeros 1000000); ` + setVariables(100, "$x$x0"), stop: "limited to"},
		{source: `zeros 100000000 | cat | count`, stop: "a line is limited to 8388608 bytes"},
		{source: `zeros 100000000 | while read x; do true; done`, stop: "a line is limited to"},
		{source: `zeros 100000000 | xargs true`, stop: "a line is limited to"},
		{source: `zeros 100000000 | xargs -I {} true`, stop: "a line is limited to"},
		{source: `zeros 100000000 | xargs -0 true`, stop: "limited to"},
		{source: `zeros 2000000 | xargs -I {} true`, stop: "an item of xargs is limited to 1048576 bytes"},
		{source: `zeros 2000000 | xargs -d '\n' true`, stop: "an item of xargs is limited to 1048576 bytes"},
		{source: `zeros 2000000 | xargs -n 1 true`, stop: "an item of xargs is limited to 1048576 bytes"},
		{source: `x='` + many("a\\\n", 1500) + `a\'; while true; do echo "$x"; done | xargs true`, stop: "an item of xargs is limited to 1048576 bytes"},
		{source: `zeros 500000 | xargs -I {} echo ` + many("{}", 3000), stop: "what xargs holds is limited to"},
		{source: `zeros 500000 | xargs -I {} batch ` + many("{} ", 2500), stop: "what xargs holds is limited to"},
		{source: `zeros 500000 | xargs -I {} sh -c 'echo ` + many("{}", 3000) + `'`, stop: "what one command expands to is limited to"},
		{source: `zeros 500000 | xargs -I {} sh -c 'x=` + many("{}", 3000) + `'`, stop: "what one command expands to is limited to"},
		{source: `zeros 500000 | xargs -I {} sh -c 'for i in ` + many("{} ", 2500) + `; do true; done'`, stop: "what one command expands to is limited to"},
		{source: `zeros 200000 | xargs -I {} sh -c 'echo b | xargs -I % sh -c "echo ` + many("%{}", 2000) + `"'`, stop: "what one command expands to is limited to"},
		{source: `x="` + many("{}", 2000) + `"; x=$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x; zeros 1000000 | xargs -I {} echo $x`, stop: "what xargs holds is limited to"},
		{source: `hugekeys` + many(" | cat", 60) + " | count", stop: "what pipes hold is limited to"},
		{source: `zeros 8000000` + many(" | cat", 60) + " | count", stop: "limited to"},
		{source: `zeros 8000000 | xargs` + many(" | xargs", 60) + " | count", stop: "limited to"},
		{source: `zeros 8000000 | { read x; }`, stop: "the variable x is limited"},
		{source: many("( ", 40) + "true" + many(" )", 40), stop: "nesting is limited to 16 levels"},
		{source: "echo " + many("$(echo ", 40) + "a" + many(")", 40), stop: "nesting is limited to 16 levels"},
		{source: "true" + many(" | (true", 40) + many(")", 40), stop: "nesting is limited to 16 levels"},
		{source: nestedPipes(4), stop: "what pipes hold is limited to"},
		{source: `echo $((1/0))`, stop: "division by zero"},
		{source: `echo $((1%0))`, stop: "division by zero"},
		{source: `x=0; echo $((1/x))`, stop: "division by zero"},
		{source: `echo $(((-9223372036854775807-1)/-1))`, stop: "does not fit in 64 bits"},
		{source: `echo $((9223372036854775807+1))`, stop: "does not fit in 64 bits"},
		{source: `echo $((2**64))`, stop: "does not fit in 64 bits"},
		{source: `echo $((3**9223372036854775807))`, stop: "does not fit in 64 bits"},
		{source: `echo $((1<<64))`, stop: "a shift is from 0 to 63"},
		{source: `echo $((1<<-1))`, stop: "a shift is from 0 to 63"},
		{source: `echo $((2**-1))`, stop: "the exponent is less than 0"},
		{source: `echo $((99999999999999999999))`, stop: "is not a whole number"},
		{source: `x='y[$(yes)]'; echo $((x))`, stop: "x is no number"},
		{source: `x=y; y=x; echo $((x))`, stop: "x is no number"},
		{source: `echo $((010))`, stop: "begins with 0"},
		{source: `fault`, stop: "the connection is lost"},
		{source: `fault | cat`, stop: "the connection is lost"},
		{source: `yes | fault | cat`, stop: "the connection is lost"},
		{source: `echo $(echo a | xargs fault)`, stop: "the connection is lost"},
		{source: `panic`, stop: "a command panicked: boom"},
		{source: `yes | panic | cat`, stop: "a command panicked: boom"},
		{source: `x=$(echo $(panic))`, stop: "a command panicked: boom"},
	}
	harmless := []hostile{
		{source: ``},
		{source: "# nothing\n\n"},
		{source: `while true; do echo x; done | head 1`},
		{source: `while true; do yes | cat; done | head 1`},
		{source: `while true; do echo x | cat; done | head 1`},
		{source: `yes | head 1`},
		{source: `yes | cat | cat | cat | head 3`},
		{source: `{ while true; do echo x; done; } | { read x; }`},
		{source: `while true; do x=$(yes | head 1); echo $x; done | head 1`},
		{source: `yes | xargs -n 1 echo | head 1`},
		{source: `yes | xargs | head 1`},
		{source: `echo $HOME$PATH$USER$RANDOM$UID$SECONDS`},
		{source: `echo /etc/* ?? [a-z]*`},
		{source: `echo /*/*/*/*/../../../../*/*/*/*`},
		{source: `source /etc/profile`, status: 127},
		{source: `. /etc/profile`, status: 127},
		{source: `eval 'while true; do true; done'`, status: 127},
		{source: `exec sh`, status: 127},
		{source: `trap 'yes' EXIT`, status: 127},
		{source: `cd /; ls`, status: 127},
		{source: `/bin/sh -c 'yes'`, status: 127},
		{source: `bash -c yes`, status: 127},
		{source: `command -v sh`, status: 127},
		{source: `builtin exit`, status: 127},
		{source: `type sh`, status: 127},
		{source: `ulimit -a`, status: 127},
		{source: `set -- a b`, status: 127},
		{source: `enable exit`, status: 127},
		{source: `alias echo=yes; echo a`},
		{source: `kill -9 1`, status: 127},
		{source: `$x$y`},
		{source: `x=sh; $x -c 'yes'`, status: 2},
		{source: `echo -c yes | xargs sh`, refuse: "sh"},
		{source: `echo a | xargs exit`, status: 127},
		{source: `echo a | xargs read x`, status: 127},
		{source: `echo '$(yes)' | while read x; do echo $x "$x"; done`},
		{source: `echo '$(yes);yes' | xargs -I {} sh -c 'echo {}'`},
		{source: "echo '`yes`' | xargs -I {} sh -c 'echo \"{}\"'"},
		{source: `break; continue; break 3`},
		{source: `(break); while true; do (break); break; done`},
		{source: `exit 99999999999999999999`, status: 2},
		{source: `test -f /etc/passwd`, status: 2},
		{source: `[ -e / ]`, status: 2},
		{source: `[ 1 -eq 99999999999999999999 ]`, status: 2},
		{source: `test ` + many("! ", 2000) + `a`, status: 2},
		{source: `test ` + many(`"(" `, 90) + `a`, status: 2},
		{source: `read -p x y`, status: 2},
		{source: `read 'a[$(yes)]'`, status: 2},
		{source: `read IFS`, status: 2},
		{source: many("echo a;", 1100)},
		{source: many("true | ", 63) + "true"},
	}
	return append(append(refused, stopped...), harmless...)
}

// setVariables sets so many variables x0, x1 … to value.
func setVariables(n int, value string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("x" + strings.Repeat("x", i) + "0=" + value + ";")
	}
	return b.String()
}

// nestedPipes has pipelines within the stages of pipelines, 60 each.
func nestedPipes(levels int) string {
	stages := strings.Repeat("cat|", 60)
	source := "wait"
	for range levels {
		source = "{ " + stages + source + "; }"
	}
	return source
}

func TestHostileProgramsDoNoHarm(t *testing.T) {
	programs := hostilePrograms()
	if len(programs) < 100 {
		t.Fatalf("%d hostile programs, want at least 100", len(programs))
	}
	peak := watchHeap(t)
	for _, h := range programs {
		runtime.GC() // what the last program left behind is not this one's
		start := time.Now()
		h.check(t)
		if took := time.Since(start); took > forgotten {
			t.Errorf("%.60s: took %v", h.source, took)
		}
		if err := goleak.Find(goleak.IgnoreCurrent()); err != nil {
			t.Errorf("%.60s: %v", h.source, err)
		}
	}
	if grown := peak(); grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	} else {
		t.Logf("%d programs, the heap grew by %d MiB", len(programs), grown>>20)
	}
}

func (h hostile) check(t *testing.T) {
	t.Helper()
	program, err := shell.Parse(h.source)
	var syntax *shell.SyntaxError
	if err != nil && !errors.As(err, &syntax) {
		t.Errorf("%.60s: error of type %T", h.source, err)
		return
	}
	if got := refusedFor(syntax); got != h.refuse {
		t.Errorf("%.60s: refused for %q (%v), want %q", h.source, got, err, h.refuse)
	}
	if err != nil {
		return
	}
	limits := shell.Limits{Wall: 10 * time.Second, Output: 1 << 20}
	if h.stop == tooLong {
		limits.Wall = 200 * time.Millisecond
	}
	// Outputs that keep nothing: a test's own buffers are not what is measured.
	got := runProgram(context.Background(), program, within(limits), with("keys", keys("")), with("batch", new(batch)), with("hugekeys", shell.CommandFunc(hugeKeys)), func(env *shell.Env) {
		env.Stdout, env.Stderr = new(counting), new(counting)
	})
	switch {
	case h.stop == "" && (got.fault != nil || got.status != h.status):
		t.Errorf("%.60s: status %d, %v; want status %d", h.source, got.status, got.fault, h.status)
	case h.stop != "" && (got.fault == nil || !strings.Contains(got.fault.Error(), h.stop)):
		t.Errorf("%.60s: ended with %v, want %q", h.source, got.fault, h.stop)
	}
}

// hugeKeys lists keys as long as they may be for ever.
func hugeKeys(ctx context.Context, c *shell.Call) (int, error) {
	text, key := bytes.Repeat([]byte("t"), 1<<20), bytes.Repeat([]byte("k"), 1<<20)
	for ctx.Err() == nil {
		if err := c.Stdout.WriteKey(text, key); err != nil {
			return 0, err
		}
	}
	return 0, ctx.Err()
}

func refusedFor(err *shell.SyntaxError) string {
	switch {
	case err == nil:
		return ""
	case err.Construct == "":
		return "malformed"
	}
	return err.Construct
}

// counting is a writer that keeps nothing but the number of bytes.
type counting int64

func (c *counting) Write(p []byte) (int, error) {
	*c += counting(len(p))
	return len(p), nil
}

// watchHeap samples the heap until the returned function is called, which
// answers by how much it grew at most.
func watchHeap(t *testing.T) (grown func() int64) {
	t.Helper()
	runtime.GC()
	start := heap()
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		peak := start
		tick := time.NewTicker(500 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, heap())
			case <-stop:
				most <- peak - start
				return
			}
		}
	}()
	return func() int64 { close(stop); return <-most }
}

// heap answers the bytes of all objects on the heap and of all stacks.
func heap() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() + samples[1].Value.Uint64())
}
