package text_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/shell/text"
)

func TestMain(m *testing.M) {
	if handled, status := text.RunWorker(); handled {
		os.Exit(status)
	}
	goleak.VerifyTestMain(m)
}

// result is how a call ended.
type result struct {
	stdout, stderr string
	status         int
	err            error
}

// run runs a command with its input.
func run(t testing.TB, in string, name string, args ...string) result {
	t.Helper()
	return runWithin(t.Context(), t, shell.Limits{}, in, name, args...)
}

func runWithin(ctx context.Context, t testing.TB, limits shell.Limits, in string, name string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	call := newCall(name, args, limits)
	call.Stdin = shell.NewReader(strings.NewReader(in))
	call.Stdout, call.Stderr = shell.NewWriter(&stdout), shell.NewWriter(&stderr)
	status, err := command(t, name).Run(ctx, call)
	if err := call.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := call.Stderr.Flush(); err != nil {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), status, err}
}

func newCall(name string, args []string, limits shell.Limits) *shell.Call {
	call := &shell.Call{Name: name, Budget: shell.NewBudget(limits)}
	for _, a := range args {
		call.Args = append(call.Args, shell.Plain(a))
	}
	return call
}

func allCommands() map[string]shell.Command { return text.Commands(text.Options{}) }

func command(t testing.TB, name string) shell.Command {
	t.Helper()
	c, ok := allCommands()[name]
	if !ok {
		t.Fatalf("no command %s", name)
	}
	return c
}

// words splits a line at blanks; quotes of either kind hold words together.
func words(line string) []string {
	var all []string
	var word strings.Builder
	open, quote := false, rune(0)
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			open, quote = true, c
		case quote == 0 && c == ' ':
			if open {
				all = append(all, word.String())
				word.Reset()
			}
			open = false
		default:
			open = true
			word.WriteRune(c)
		}
	}
	if open {
		all = append(all, word.String())
	}
	return all
}
