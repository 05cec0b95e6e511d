package shell_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/helix-collective/helix/shell"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is how a program ended.
type result struct {
	out, err string
	status   int
	fault    error // what Run answered
}

// run parses and runs a source over the commands of this file.
func run(t testing.TB, source string, change ...func(*shell.Env)) result {
	t.Helper()
	return runWith(t.Context(), t, source, change...)
}

func runWith(ctx context.Context, t testing.TB, source string, change ...func(*shell.Env)) result {
	t.Helper()
	program, err := shell.Parse(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return runProgram(ctx, program, change...)
}

func runProgram(ctx context.Context, program *shell.Program, change ...func(*shell.Env)) result {
	var out, errs bytes.Buffer
	env := shell.Env{Lookup: lookup, Stdout: &out, Stderr: &errs}
	for _, c := range change {
		c(&env)
	}
	status, fault := shell.Run(ctx, program, env)
	return result{out.String(), errs.String(), status, fault}
}

// within runs under limits.
func within(l shell.Limits) func(*shell.Env) {
	return func(env *shell.Env) { env.Limits = l }
}

// with adds a command.
func with(name string, c shell.Command) func(*shell.Env) {
	return func(env *shell.Env) {
		inner := env.Lookup
		env.Lookup = func(n string) (shell.Command, bool) {
			if n == name {
				return c, true
			}
			return inner(n)
		}
	}
}

// keys is a command that lists keys, as KEYS does.
func keys(names ...string) shell.Command {
	return shell.CommandFunc(func(_ context.Context, c *shell.Call) (int, error) {
		for _, n := range names {
			if err := c.Stdout.WriteKey([]byte(n), []byte(n)); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

// masked lists keys that show their first three bytes only.
func masked(names ...string) shell.Command {
	return shell.CommandFunc(func(_ context.Context, c *shell.Call) (int, error) {
		for _, n := range names {
			if err := c.Stdout.WriteKey([]byte(n[:3]+"…"), []byte(n)); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

// lookup answers small commands to test with: no more than the tests need of
// the names they share with real ones.
func lookup(name string) (shell.Command, bool) {
	run, ok := map[string]shell.CommandFunc{
		"echo": echo, "args": args, "whole": whole, "cat": cat, "head": head, "count": count,
		"yes": yes, "zeros": zeros, "wait": wait, "status": status, "fault": fault, "panic": panics, "lines": lines,
	}[name]
	return run, ok
}

func echo(_ context.Context, c *shell.Call) (int, error) {
	_, err := c.Stdout.WriteString(strings.Join(c.Texts(), " ") + "\n")
	return 0, err
}

// args shows each argument quoted, so that its borders can be seen.
func args(_ context.Context, c *shell.Call) (int, error) {
	_, err := fmt.Fprintf(c.Stdout, "%q\n", c.Texts())
	return 0, err
}

// whole shows what the arguments stand for.
func whole(_ context.Context, c *shell.Call) (int, error) {
	for _, a := range c.Args {
		if _, err := fmt.Fprintf(c.Stdout, "%q key=%v\n", a.Whole, a.Key); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// lines writes each argument as a line.
func lines(_ context.Context, c *shell.Call) (int, error) {
	for _, a := range c.Args {
		if _, err := c.Stdout.WriteString(a.Text + "\n"); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func cat(_ context.Context, c *shell.Call) (int, error) {
	for {
		r, err := c.Stdin.Next()
		if err == io.EOF {
			return 0, nil
		}
		if err == nil {
			err = c.Stdout.WriteRecord(r)
		}
		if err != nil {
			return 0, err
		}
	}
}

// head passes on as many lines as its argument says, or one.
func head(_ context.Context, c *shell.Call) (int, error) {
	n := 1
	if len(c.Args) > 0 {
		n, _ = strconv.Atoi(c.Args[0].Text)
	}
	for range n {
		r, err := c.Stdin.Next()
		if err == io.EOF {
			return 0, nil
		}
		if err == nil {
			err = c.Stdout.WriteRecord(r)
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// count counts records.
func count(_ context.Context, c *shell.Call) (int, error) {
	n := 0
	for {
		_, err := c.Stdin.Next()
		if err == io.EOF {
			_, err := fmt.Fprintln(c.Stdout, n)
			return 0, err
		}
		if err != nil {
			return 0, err
		}
		n++
	}
}

// yes writes y for ever.
func yes(ctx context.Context, c *shell.Call) (int, error) {
	block := strings.Repeat("y\n", 1000)
	for ctx.Err() == nil {
		if _, err := c.Stdout.WriteString(block); err != nil {
			return 0, err
		}
	}
	return 0, ctx.Err()
}

// zeros writes as many zeros as its argument says, without a line break.
func zeros(_ context.Context, c *shell.Call) (int, error) {
	n, _ := strconv.Atoi(c.Args[0].Text)
	block := bytes.Repeat([]byte("0"), 1000)
	for ; n > 0; n -= len(block) {
		if _, err := c.Stdout.Write(block[:min(n, len(block))]); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// wait waits for the end of the program.
func wait(ctx context.Context, _ *shell.Call) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func status(_ context.Context, c *shell.Call) (int, error) { return strconv.Atoi(c.Args[0].Text) }

var errFault = errors.New("the connection is lost")

func fault(context.Context, *shell.Call) (int, error) { return 0, fmt.Errorf("fault: %w", errFault) }

func panics(context.Context, *shell.Call) (int, error) { panic("boom") }

// batch is a Batcher that records what it is called with.
type batch struct {
	mu     sync.Mutex
	sizes  []int // calls at once
	status int
}

func (b *batch) Run(ctx context.Context, c *shell.Call) (int, error) {
	return b.RunBatch(ctx, c, [][]shell.Arg{c.Args})
}

func (b *batch) RunBatch(_ context.Context, c *shell.Call, argv [][]shell.Arg) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sizes = append(b.sizes, len(argv))
	for _, args := range argv {
		wholes := make([]string, len(args))
		for i, a := range args {
			wholes[i] = a.Whole
		}
		if _, err := fmt.Fprintf(c.Stdout, "%q\n", wholes); err != nil {
			return 0, err
		}
	}
	return b.status, nil
}

func (b *batch) calls() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sizes)
}
