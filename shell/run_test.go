package shell_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/shell"
)

// endless are programs that only the end of their context ends.
var endless = []string{
	`while true; do true; done`,
	`while true; do x=$(echo a | cat); done`,
	`yes | cat | xargs -n 1 true`,
	`yes | while read x; do (echo $x | cat) >/dev/null; done`,
	`wait | cat | cat`,
	`yes | wait`,
	`x=$(wait)`,
	`echo a | xargs wait`,
	`sh -c 'while true; do sh -c true; done'`,
	`yes >/dev/null`,
	`yes | xargs | xargs | xargs >/dev/null`,
	`yes | cat >/dev/null | wait`,
}

// soon is far below what somebody who pressed Stop would notice as going on, and
// far above what a race detector on a busy machine adds.
const soon = time.Second

func TestCancellingEndsAnyProgram(t *testing.T) {
	reason := errors.New("the member pressed Stop")
	for _, source := range endless {
		program, err := shell.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		took := time.Hour
		for range 10 { // on a busy machine it may be others that go on
			got, after := cancelled(t, program, reason)
			if got.fault != reason {
				t.Errorf("%s: ended with %v", source, got.fault)
			}
			if took = min(took, after); took <= soon {
				break
			}
		}
		if took > soon {
			t.Errorf("%s: went on for %v", source, took)
		}
	}
}

// cancelled runs a program, cancels it, and answers for how long it went on.
func cancelled(t *testing.T, program *shell.Program, reason error) (got result, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	var pressed time.Time
	timer := time.AfterFunc(30*time.Millisecond, func() {
		pressed = time.Now()
		cancel(reason)
	})
	defer timer.Stop()
	got = runProgram(ctx, program)
	return got, time.Since(pressed)
}

func TestAContextThatHasEndedStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := runWith(ctx, t, `echo a`)
	if got.out != "" || !errors.Is(got.fault, context.Canceled) || got.status == 0 {
		t.Errorf("%+v", got)
	}
}

func TestAnErrorOfACommandEndsTheProgram(t *testing.T) {
	for _, source := range []string{
		`echo before; fault; echo after`,
		`echo before; fault || echo after`,
		`echo before; if fault; then echo after; fi; echo after`,
		`echo before; x=$(fault); echo after`,
		`echo before; echo $(fault) after`,
		`echo before; yes | fault | wait; echo after`,
		`echo before; (fault); echo after`,
		`echo before; ! fault; echo after`,
		`echo before; echo a | xargs fault; echo after`,
		`echo before; sh -c 'fault; echo after'; echo after`,
		`echo before; for i in 1 2; do fault; echo after; done`,
	} {
		got := run(t, source)
		if !errors.Is(got.fault, errFault) || got.out != "before\n" || got.status == 0 {
			t.Errorf("%s: %+v", source, got)
		}
	}
}

func TestAPanicEndsItsProgramOnly(t *testing.T) {
	for _, source := range []string{`panic`, `yes | panic | cat`, `x=$(panic)`, `echo a | xargs panic`, `(panic)`} {
		var caught *shell.PanicError
		got := run(t, source)
		if !errors.As(got.fault, &caught) || caught.Value != "boom" || !strings.Contains(string(caught.Stack), "panics") {
			t.Errorf("%s: ended with %v", source, got.fault)
		}
	}
}

func TestAFailingOutputEndsTheProgram(t *testing.T) {
	for _, source := range []string{`yes`, `while true; do echo a; done`, `yes | cat`, `echo a; wait`, `yes >&2`} {
		got := run(t, source, func(env *shell.Env) { env.Stdout, env.Stderr = failing{}, failing{} })
		if !errors.Is(got.fault, errFault) {
			t.Errorf("%s: ended with %v", source, got.fault)
		}
	}
}

func TestPipeStatusAfterTheReaderLeft(t *testing.T) {
	for source, want := range map[string]string{
		`{ yes; echo $? >&2; } | head 1`:                       "",
		`{ yes | cat; echo $? >&2; } | head 1`:                 "",
		`{ (yes); echo no >&2; } | head 1`:                     "",
		`{ yes | head 1 >/dev/null; echo $? >&2; } | cat`:      "0\n",
		`{ x=$(yes | head 1); echo $x >&2; } | cat`:            "y\n",
		`{ echo $(yes | head 1) >/dev/null; echo a >&2; } | :`: "a\n",
	} {
		got := run(t, source)
		if got.err != want || got.fault != nil || got.status != 0 {
			t.Errorf("%s: %+v", source, got)
		}
	}
}

// What a stage wrote is there as soon as the next one has nothing else to do.
func TestOutputIsNotHeldBackFromAWaitingStage(t *testing.T) {
	seen := make(chan struct{})
	watch := shell.CommandFunc(func(_ context.Context, c *shell.Call) (int, error) {
		if _, err := c.Stdin.Next(); err != nil {
			return 0, err
		}
		close(seen)
		return 0, nil
	})
	unseen := shell.CommandFunc(func(ctx context.Context, c *shell.Call) (int, error) {
		select {
		case <-seen:
			return 1, nil
		case <-time.After(time.Millisecond):
			return 0, ctx.Err()
		}
	})
	got := run(t, `while unseen; do echo a; done | watch`, with("watch", watch), with("unseen", unseen))
	if got.fault != nil {
		t.Error(got.fault)
	}
}

// A program's output is passed on after each statement, not at its end.
func TestOutputIsPassedOnAfterEachStatement(t *testing.T) {
	var sofar strings.Builder
	look := shell.CommandFunc(func(context.Context, *shell.Call) (int, error) {
		if sofar.String() != "a\n" {
			t.Errorf("so far: %q", sofar.String())
		}
		return 0, nil
	})
	run(t, "echo a\nlook", with("look", look), func(env *shell.Env) { env.Stdout = &sofar })
}

func TestStandardInput(t *testing.T) {
	for source, want := range map[string]string{
		`cat`:                    "a\nb\n",
		`read x; echo "[$x]"`:    "[a]\n",
		`read x; cat`:            "b\n",
		`echo $(cat)`:            "a b\n",
		`cat </dev/null; echo x`: "x\n",
		`count | cat`:            "2\n",
		`xargs echo`:             "a b\n",
	} {
		got := run(t, source, func(env *shell.Env) { env.Stdin = shell.NewReader(strings.NewReader("a\nb\n")) })
		if got.out != want {
			t.Errorf("%s: %q, want %q", source, got.out, want)
		}
	}
	if got := run(t, `cat; read x || echo none`); got.out != "none\n" {
		t.Errorf("without standard input: %q", got.out)
	}
}

func TestNilOutputsDropWhatIsWritten(t *testing.T) {
	got := run(t, `echo a; echo b >&2`, func(env *shell.Env) { env.Stdout, env.Stderr = nil, nil })
	if got.fault != nil || got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestUnknownCommandsAnswer127(t *testing.T) {
	got := run(t, `x=frob; $x; echo $?`)
	if got.out != "127\n" || got.err != "frob: command not found\n" {
		t.Errorf("%+v", got)
	}
}

func TestCallCarriesNameAndPlace(t *testing.T) {
	var got shell.Call
	note := shell.CommandFunc(func(_ context.Context, c *shell.Call) (int, error) {
		got = *c
		return 0, c.Budget.Step()
	})
	for source, want := range map[string]shell.Pos{
		"!note":                       {Line: 1, Column: 1},
		"echo é | note":               {Line: 1, Column: 10},
		"sh -c 'true; note'":          {Line: 1, Column: 14},
		"echo a | xargs note":         {Line: 1, Column: 10},
		"true\nx=$(note)":             {Line: 2, Column: 5},
		"if true; then\n\tnote\nfi\n": {Line: 2, Column: 2},
	} {
		run(t, source, with("note", note))
		if got.Name != "note" || got.Pos != want {
			t.Errorf("%q: called as %q at %v, want %v", source, got.Name, got.Pos, want)
		}
	}
}

// A Program may run many times at once.
func TestProgramsRunAtTheSameTime(t *testing.T) {
	program, err := shell.Parse(`x=0; while [ $x -lt 50 ]; do x=$((x+1)); done; lines a b | xargs -I {} sh -c 'echo {}'; echo $x`)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			if got := runProgram(t.Context(), program); got.out != "a\nb\n50\n" {
				t.Errorf("%+v", got)
			}
		})
	}
	all.Wait()
}

func TestOwnCommandsExplainThemselves(t *testing.T) {
	for source, want := range map[string]string{
		`read -p x`:                          `read: "-p" is not supported, only -r is`,
		`read 1x`:                            `read: "1x" is no name for a variable`,
		`[ a`:                                `[: the closing ] is missing`,
		`[ a b ]`:                            `[: "a" is not an operator; there are -n -z`,
		`[ a x b ]`:                          `[: "x" is not an operator; there are = == != -eq -ne -lt -le -gt -ge`,
		`[ a -eq 1 ]`:                        `[: "a" is not a whole number`,
		`test -f x`:                          `test: -f asks about a file, and there are none here`,
		`test a = b -a`:                      `test: an operand is missing`,
		`test a = b c = d`:                   `test: "c" is not expected here`,
		`test '(' a = b c d`:                 `test: a ) is missing`,
		`exit x`:                             `exit: "x" is no number`,
		`break`:                              `break: there is no loop around it`,
		`x=0; for i in 1; do break $x; done`: `break: "0" is no number of loops`,
	} {
		if got := run(t, source); got.err != want+"\n" || got.fault != nil {
			t.Errorf("%s: %q, %v", source, got.err, got.fault)
		}
	}
}
