package shell_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// likeBash are programs that must end as in bash: the same bytes and the same
// status. They stand together by what they are about.
var likeBash = []string{
	// quoting and words
	`echo a  b   'c  d' "e  f" g\ h`,
	`echo 'it'"'"'s' "a\"b\\c\$d\xe" \\ \'`,
	`echo "" '' x`,
	"echo a # b \\\necho c #\\\necho d",
	"for x in a b # c \\\ndo echo $x; done",
	"echo \"a # b \\\n c\" 'a # b \\\nc' d#e\\\nf $(echo a # b \\\n) \"$(echo '\"' # c \\\n)\"",
	"echo `echo a # b` \"`echo a # b \\\n`\" c # d \\\necho e",
	"echo a \\\n# b \\\necho c",
	"sh -c 'echo a # b \\\necho c'",
	"echo a\\\nb \"c\\\nd\" 'e\\\nf'",
	`echo session:* '*' "?" [a-z]*`,
	`echo a # comment
# another
echo b#c '#d'`,
	`printf '[%s]\n' "" '' a"b"c x=y {} {tag} a{b}c`,
	`echo $ "$" a$ "a$ b"`,
	`printf '%s\n' a\	b "tab	in"`,

	// variables and splitting
	`x=5; echo $x ${x}y "$x" '$x' "${x}"`,
	`x='a  b'; echo $x "$x" [$x]`,
	`x='  a b  '; printf '[%s]' $x "$x" -$x-; echo`,
	`echo [$unset] ["$unset"] $unset`,
	`printf '[%s]' $unset "$unset" x; echo`,
	`x=; y=$x; printf '[%s]' "$y" $y; echo`,
	`x=a y=$x; echo $x$y`,
	`x=1; x=$x$x; x=$x$x; echo $x`,
	`x='a b'; y=$x; echo "$y"`,
	`x="a
b"; echo $x; echo "$x"`,
	`x='*'; echo "$x"`,
	`$unset; echo $?`,
	`x=echo; $x hello`,
	`x='echo a b'; $x`,

	// captures
	`echo $(echo a b) "$(echo 'a  b')" x$(echo y)z`,
	`x=$(printf 'a\nb\n\n\n'); echo "[$x]"`,
	`x=$(printf '\n\na'); echo "[$x]"`,
	`printf '[%s]' $(printf 'a b\nc\n'); echo`,
	`printf '[%s]' "$(printf 'a b\nc\n')"; echo`,
	`printf '[%s]' p$(printf 'a b\nc')s; echo`,
	`printf '[%s]' p$(printf ' a ')s; echo`,
	`printf '[%s]' $(true) "$(true)"; echo`,
	`x=$(false); echo $?`,
	`x=$(exit 3); echo $?`,
	`x=a$(exit 3)b$(exit 4); echo $? $x`,
	`echo $(exit 3); echo $?`,
	`$(true); echo $?; $(exit 5); echo $?`,
	`echo $(echo $(echo $(echo deep)))`,
	"echo `echo a` \"`echo 'b  c'`\" `echo \\`echo d\\``",
	`x=1; y=$(x=2; echo $x); echo $x $y`,
	`echo "$(echo "$(echo "a  b")")"`,
	`echo $(echo a; echo b) $(echo c
echo d)`,
	`echo "$(echo ')' "(")"`,

	// status, lists
	`true; echo $?; false; echo $?`,
	`true && echo a; false && echo b; true || echo c; false || echo d`,
	`false && echo a || echo b && echo c`,
	`! true; echo $?; ! false; echo $?`,
	`! true | false; echo $?`,
	`false; x=1; echo $?`,
	`: a b; echo $?`,
	`(exit 3); echo $?`,
	`exit 7; echo no`,
	`false; exit`,
	`exit 300`,
	`(echo a; exit 2; echo b) || echo $?`,
	`{ echo a; echo b; }; echo c`,
	`x=1; (x=2; echo $x); echo $x`,
	`x=1; { x=2; echo $x; }; echo $x`,
	`{ exit 4; }; echo no`,
	`echo a | { cat; exit 3; }; echo $?`,
	`true | false; echo $?; false | true; echo $?`,
	`exit 3 | true; echo $?`,

	// if
	`if true; then echo a; else echo b; fi`,
	`if false; then echo a; elif true; then echo b; else echo c; fi`,
	`if false; then echo a; elif false; then echo b; elif false; then echo c; else echo d; fi`,
	`if false; then echo a; fi; echo $?`,
	`if (exit 3); then echo a; else echo $?; fi`,
	`if true; then false; fi; echo $?`,
	`if ! false; then echo a; fi`,
	`if true && false || true; then echo a; fi`,

	// loops
	`for i in 1 2 3; do echo $i; done`,
	`for i in; do echo $i; done; echo $?`,
	`for i in a 'b c' "$unset" $unset d; do echo "[$i]"; done`,
	`for i in $(seq 3); do for j in x y; do echo $i$j; done; done`,
	`for i in 1 2 3 4; do if [ $i = 2 ]; then continue; fi; if [ $i = 4 ]; then break; fi; echo $i; done`,
	`for i in 1 2; do for j in 1 2; do break 2; done; echo no; done; echo yes`,
	`for i in 1 2; do for j in 1 2; do continue 2; done; echo no; done; echo $i$j`,
	`for i in 1 2; do break 9; done; echo $i`,
	`for i in 1 2 3; do false; done; echo $?`,
	`false; for i in 1 2; do echo $?; done; false; for i in; do :; done; echo $?`,
	`for i in a; do exit 3; done || for i in b; do exit $?; done`,
	`for i in 1; do false; break; done; echo $?`,
	`i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done; echo $?`,
	`i=0; until [ $i -eq 3 ]; do echo $i; i=$((i+1)); done`,
	`while false; do echo a; done; echo $?`,
	`i=0; while true; do i=$((i+1)); [ $i -gt 3 ] && break; done; echo $i`,
	`while true; do exit 5; done; echo no`,
	`while true; do echo x; done | head -1`,
	`i=0; while :; do i=$((i+1)); if [ $i -ge 1000 ]; then break; fi; done; echo $i`,
	`seq 5 | while read n; do [ $n -eq 3 ] && continue; echo $n; done`,
	`x=1; seq 3 | while read n; do x=$n; done; echo $x`,
	`for i in 1 2 3; do echo $i; done | tr 1 x | sort`,

	// pipes
	`echo a | cat | cat | cat`,
	`printf 'b\na\n' | sort | head -1`,
	`printf abc | wc -c`,
	`printf 'a\nb' | cat; echo .`,
	`seq 100000 | tail -1`,
	`seq 100000 | head -2`,
	`(echo a; echo b) | (read x; cat)`,
	`{ echo a; echo b; } | { read x; read y; echo $y$x; }`,
	`echo a | (cat; echo b) | cat`,
	`x=in; echo a | while read y; do echo $x$y; done`,
	`echo a |
cat |

cat`,
	`echo a \
  | cat`,
	`echo a && echo b | cat || echo c`,

	// redirection
	`echo a >/dev/null; echo b 1>/dev/null; echo c >>/dev/null; echo d`,
	`cat </dev/null; echo $?`,
	`echo a 2>/dev/null`,
	`echo a >&2; echo b 1>&2; echo c`,
	`{ echo a >&2; echo b; } 2>&1 | sort`,
	`{ echo a >&2; } 2>/dev/null; echo b`,
	`{ echo a >&2; echo b; } 2>&1 >/dev/null | cat`,
	`{ echo a >&2; echo b; } >/dev/null 2>&1; echo c`,
	`{ echo a >&2; echo b; } &>/dev/null; echo c`,
	`for i in 1 2; do echo $i; done >/dev/null; echo x`,
	`while read x; do echo $x; done </dev/null; echo $?`,
	`x=$(echo a >&2) 2>/dev/null; echo "[$x]"`,
	`x=$({ echo a >&2; } 2>&1); echo "[$x]"`,

	// arithmetic
	`echo $((1+2*3)) $(((1+2)*3)) $((7/2)) $((7%3)) $((-7/2)) $((-7%3))`,
	`x=5; echo $((x+1)) $(($x+1)) $((${x}*x)) $((-x)) $((+x)) $((!x)) $((~x))`,
	`echo $((1<2)) $((2<=2)) $((3>4)) $((4>=4)) $((1==1)) $((1!=1))`,
	`echo $((1&&0)) $((1||0)) $((0||0)) $((5&3)) $((5|3)) $((5^3)) $((1<<4)) $((256>>4))`,
	`echo $((1?2:3)) $((0?2:3)) $((1?0?4:5:6))`,
	`echo $((2**10)) $((2**0)) $((-2**2)) $((2**3**2))`,
	`echo $((unset+1)) $((  4  +  4  ))`,
	`echo "$((1+1))" $(( $(echo 3) * 2 ))`,
	`echo $((9223372036854775807)) $((-9223372036854775807-1))`,
	`x=" 7 "; echo $((x+1))`,
	`echo $((0 && 1/0)) $((1 || 1/0)) $((1 ? 2 : 1/0))`,
	`x=3; x=$((x*x)); x=$((x*x)); echo $x`,

	// test
	`ttl=-1; if [ "$ttl" -eq "-1" ]; then echo none; fi`,
	`[ a = a ]; echo $?; [ a = b ]; echo $?; [ a != b ]; echo $?; [ a == a ]; echo $?`,
	`[ -n a ]; echo $?; [ -n "" ]; echo $?; [ -z "" ]; echo $?; [ -z a ]; echo $?`,
	`[ a ]; echo $?; [ "" ]; echo $?; [ ]; echo $?; test; echo $?`,
	`for op in -eq -ne -lt -le -gt -ge; do [ 1 $op 2 ]; echo $?; [ 2 $op 2 ]; echo $?; [ 3 $op 2 ]; echo $?; done`,
	`[ ! a = b ]; echo $?; [ ! "" ]; echo $?; [ ! -n a ]; echo $?; [ ! ! a ]; echo $?`,
	`[ a = a -a b = b ]; echo $?; [ a = b -o b = b ]; echo $?; [ a -a "" ]; echo $?; [ "" -o a ]; echo $?`,
	`[ a = b -a c = c -o d = d ]; echo $?; [ ! a = b -a c = c ]; echo $?`,
	`[ \( a = b -o c = c \) -a d = d ]; echo $?; [ \( a \) ]; echo $?; [ \( a = b \) ]; echo $?`,
	`[ -n = -n ]; echo $?; [ = ]; echo $?; [ ! ]; echo $?; [ -n ]; echo $?; [ \( ]; echo $?`,
	`[ " 5 " -eq 5 ]; echo $?; [ 05 -eq 5 ]; echo $?; [ +5 -eq 5 ]; echo $?`,
	`[ a -eq 1 ] 2>/dev/null; echo $?; [ 1 -eq "" ] 2>/dev/null; echo $?; [ a = ] 2>/dev/null; echo $?`,
	`test a = a && echo yes; test 1 -gt 2 || echo no`,
	`[ "a b" = "a b" ] && echo yes; x="a b"; [ "$x" = "a b" ] && echo yes`,
	`[ -n a -a -n b -a -n c ]; echo $?; [ -z a -o -z b -o -n c ]; echo $?`,
	`[ 1 -eq 1 -a 2 -eq 2 -a ! 3 -eq 4 ]; echo $?`,

	// read
	`echo 'a b c' | { read x y; echo "[$x][$y]"; }`,
	`echo '  a   b  c  ' | { read x y; echo "[$x][$y]"; }`,
	`echo '  a b  ' | { read x; echo "[$x]"; }`,
	`echo 'a b' | { read x y z; echo "[$x][$y][$z]"; }`,
	`echo 'a\tb\\c' | { read x; echo "[$x]"; }`,
	`echo 'a\tb\\c' | { read -r x; echo "[$x]"; }`,
	`printf 'a\\\nb\nc\n' | { read x; read y; echo "[$x][$y]"; }`,
	`printf 'a\\\nb\nc\n' | { read -r x; read -r y; echo "[$x][$y]"; }`,
	`printf 'a\\ b c\n' | { read x y; echo "[$x][$y]"; }`,
	`printf 'a\\  \n' | { read x; echo "[$x]"; }`,
	`printf 'a\nb' | while read x; do echo "[$x]"; done`,
	`printf 'a' | { read x; echo "$? [$x]"; }`,
	`printf '' | { read x; echo "$? [$x]"; }`,
	`x=old; read x </dev/null; echo "$? [$x]"`,
	`echo '  a b  ' | { IFS= read -r x; echo "[$x]"; }`,
	`echo 'a:b:c' | { IFS=: read -r x y; echo "[$x][$y]"; }`,
	`echo 'a:b:' | { IFS=: read -r x y; echo "[$x][$y]"; }`,
	`echo 'a:b:c:' | { IFS=: read -r x y; echo "[$x][$y]"; }`,
	`echo 'a::b' | { IFS=: read -r x y z; echo "[$x][$y][$z]"; }`,
	`echo ' a : b : c ' | { IFS=: read -r x y; echo "[$x][$y]"; }`,
	`echo ' a : b : c ' | { IFS=': ' read -r x y; echo "[$x][$y]"; }`,
	`echo ':a' | { IFS=: read -r x y; echo "[$x][$y]"; }`,
	`echo ':' | { IFS=: read -r x; echo "[$x]"; }`,
	`echo 'a:' | { IFS=: read -r x; echo "[$x]"; }`,
	`echo 'a:b:' | { IFS=: read -r x; echo "[$x]"; }`,
	`echo 'a b ' | { read -r x y; echo "[$x][$y]"; }`,
	`echo 'a  b  ' | { IFS=' ' read -r x y; echo "[$x][$y]"; }`,
	`echo 'x y' | { read; echo "[$REPLY]"; }`,
	`printf 'a\n\nb\n' | while IFS= read -r l; do echo "[$l]"; done`,
	`printf '1 a\n2 b\n' | while read n l; do echo $l$n; done`,

	// xargs
	`printf 'a b\nc\n' | xargs`,
	`printf 'a b\nc\n' | xargs echo x`,
	`printf 'a b\nc d e\n' | xargs -n 2 echo`,
	`printf 'a b\nc d e\n' | xargs -n1 echo -`,
	`printf 'a b\nc\nd\n' | xargs -L 1 echo`,
	`printf 'a b\nc\nd\n' | xargs -L2 echo`,
	`printf 'a \nb\nc\n' | xargs -L 1 echo`,
	`printf 'a\n\n\nb\n' | xargs -L 1 echo`,
	`printf 'a b\nc\n' | xargs -I {} echo '<{}>' x{}y {}`,
	`printf 'a b\n\n  c  d\n' | xargs -I% echo '[%]'`,
	`printf 'a b\n' | xargs -I X -n 1 echo X`,
	`printf "'a b' \"c d\" e\\\\ f\n" | xargs printf '[%%s]\n'`,
	`printf "'a b' \"c d\" e\\\\ f\n" | xargs -n 1 printf '[%%s]\n'`,
	`printf "'a b' c\n" | xargs -I {} printf '[%%s]\n' {}`,
	`printf '"" x\n' | xargs printf '[%%s]\n'`,
	`printf 'a"b c"d\n' | xargs printf '[%%s]\n'`,
	`printf 'a\\\nb c\\\\\nd "e\\"\nf\\' | xargs -n 1 printf '[%s]'`,
	`printf 'a \\\n b\\\n\\\nc\nd\n' | xargs -L 1 printf '[%s]\n' x`,
	`printf 'a \\\n b\nc\\' | xargs -I {} printf '[%s]' {}`,
	`printf 'a\\\n' | xargs printf '[%s]'; printf 'a\\\n' | xargs -I {} printf '[%s]' {}`,
	`printf 'a b\nc\n' | xargs -d '\n' printf '[%%s]\n'`,
	`printf 'a b\0c\n\0d' | xargs -0 printf '[%%s]\n'`,
	`printf 'a b\0c\n' | xargs -0 -n 1 printf '[%%s]\n'`,
	`printf '' | xargs -r echo x; echo $?`,
	`seq 5 | xargs -n 2 | xargs -n 3`,
	`seq 3 | xargs -r -n1 -P1 echo`,
	`seq 3 | xargs -rn2 echo`,
	`seq 2 | xargs -- echo -n1`,
	`seq 1000 | xargs | wc`,
	`seq 100000 | xargs | wc`,
	`echo a | xargs false; echo $?`,
	`seq 3 | xargs -n1 sh -c 'exit 3'; echo $?`,
	`seq 3 | xargs -n1 sh -c 'echo x; exit 255' 2>/dev/null; echo $?`,
	`echo a | xargs true; echo $?`,
	`printf "a'b\n" | xargs echo 2>/dev/null; echo $?`,
	`printf "ok\na'b\n" | xargs -n 1 echo 2>/dev/null; echo $?`,
	`seq 3 | xargs -I {} sh -c 'echo "$(echo {}) {}"' | sort -rn | head -1`,
	`seq 3 | xargs -I {} sh -c 'x={}; y=$((x*2)); if [ $y -gt 2 ]; then echo $y; fi'`,
	`seq 2 | xargs -I {} sh -c 'for i in a b; do echo {}$i; done | sort -r'`,
	`seq 2 | xargs -I {} sh -c 'seq 2 | xargs -I % sh -c "echo %-{}"'`,
	`seq 3 | xargs -I N sh -c 'echo $((N*2)) $((1+N)) # N'`,
	`seq 3 | xargs -I {} test {} -gt 1; echo $?`,
	`seq 3 | xargs cat; echo $?`,
	`seq 3 | (xargs -n1 echo; echo end)`,

	// sh -c
	`sh -c 'echo a; echo b'`,
	`x=1; sh -c 'echo [$x]'`,
	`sh -c 'x=1; echo $x'; echo [$x]`,
	`sh -c 'exit 3'; echo $?`,
	`sh -c "echo 'a  b'"`,
	`sh -c 'sh -c "echo deep"'`,
	`sh -c 'echo {}'`,
	`echo in | sh -c 'read x; echo $x'`,
	`false; sh -c 'echo $?'`,
	`sh -c 'echo "a"' ignored`,
	`sh -c ''; echo $?`,
}

// TestProgramsEndAsInBash runs each program here and in bash, with the same
// commands from the system in both, so that they differ by the shell alone.
func TestProgramsEndAsInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash here")
	}
	fromSystem := func(env *shell.Env) { env.Lookup = systemCommand }
	for _, source := range likeBash {
		t.Run(strings.ReplaceAll(source, "/", "∕"), func(t *testing.T) {
			t.Parallel()
			want := runBash(t, bash, source)
			got := run(t, source, fromSystem)
			if got.fault != nil {
				t.Fatalf("stopped: %v", got.fault)
			}
			if got.out != want.out || got.status != want.status {
				t.Errorf("\nours: status %d\n%q\n%s\nbash: status %d\n%q\n%s",
					got.status, got.out, got.err, want.status, want.out, want.err)
			}
		})
	}
}

var systemEnvironment = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}

// systemCommand answers the system's command of a name.
func systemCommand(name string) (shell.Command, bool) {
	reads, ok := map[string]bool{
		"echo": false, "printf": false, "seq": false,
		"cat": true, "head": true, "sort": true, "tail": true, "tr": true, "wc": true,
	}[name]
	return shell.CommandFunc(func(ctx context.Context, c *shell.Call) (int, error) {
		cmd := exec.CommandContext(ctx, name, c.Texts()...)
		cmd.Env, cmd.Stdout, cmd.Stderr = systemEnvironment, c.Stdout, c.Stderr
		if reads {
			cmd.Stdin = c.Stdin
		}
		err := cmd.Run()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = nil
		}
		return cmd.ProcessState.ExitCode(), err
	}), ok
}

func runBash(t *testing.T, bash, source string) result {
	t.Helper()
	cmd := exec.Command(bash, "-c", source)
	cmd.Dir = t.TempDir()
	cmd.Env = systemEnvironment
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out: out.String(), err: errs.String(), status: cmd.ProcessState.ExitCode()}
}
