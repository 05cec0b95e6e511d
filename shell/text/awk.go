package text

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/benhoyt/goawk/interp"
	"github.com/benhoyt/goawk/lexer"
	"github.com/benhoyt/goawk/parser"
)

func awkTool(w *workers) *tool {
	return &tool{
		name: "awk", synopsis: "[-F SEPARATOR] [-v NAME=VALUE]… PROGRAM [NAME=VALUE | -]…",
		summary: "run an AWK program over standard input",
		flags: []flag{
			{"F", "field-separator", "SEPARATOR", "what separates fields"},
			{"v", "assign", "NAME=VALUE", "set a variable before the program starts"},
		},
		notes:   "No files, no commands, an empty environment; processor time and memory are limited.",
		leading: true, operands: true,
		run: func(ctx context.Context, j *job) (int, error) { return runAwk(ctx, w, j) },
	}
}

// awkTask is one run of awk.
type awkTask struct {
	Program string
	Vars    []string // names and values in turn
	Args    []string // NAME=VALUE and -
}

func runAwk(ctx context.Context, w *workers, j *job) (int, error) {
	if len(j.operands) == 0 {
		return 0, misuse("needs a program")
	}
	t := &awkTask{Program: j.operands[0], Args: j.operands[1:]}
	for _, a := range t.Args {
		if !assignment.MatchString(a) {
			if err := stdinOnly([]string{a}); err != nil {
				return 0, err
			}
		}
	}
	for _, g := range j.given {
		name, value, assigned := "FS", g.values[0], true
		if g.key == "v" {
			name, value, assigned = strings.Cut(g.values[0], "=")
			assigned = assigned && assignment.MatchString(g.values[0])
		} else if value == "t" { // as POSIX has it
			value = "\t"
		}
		if !assigned {
			return 0, misuse("-v needs NAME=VALUE, not %q", g.values[0])
		}
		if plain, err := lexer.Unescape(value); err == nil {
			value = plain
		}
		t.Vars = append(t.Vars, name, value)
	}
	return w.run(ctx, j, task{Awk: t})
}

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// run carries the task out, in the worker.
func (t *awkTask) run(in io.Reader, out, stderr io.Writer) int {
	program, err := parser.ParseProgram([]byte(t.Program), nil)
	var wrong *parser.ParseError
	if errors.As(err, &wrong) {
		fmt.Fprintf(stderr, "awk: line %d, column %d of the program: %s\n", wrong.Position.Line, wrong.Position.Column, wrong.Message)
		return 2
	}
	if err == nil {
		var status int
		status, err = interp.ExecProgram(program, &interp.Config{
			Stdin: in, Output: out, Error: stderr, Argv0: "awk", Args: t.Args, Vars: t.Vars,
			NoExec: true, NoFileWrites: true, NoFileReads: true, Environ: []string{}, Chars: true,
		})
		if err == nil {
			return status & 0xff
		}
	}
	fmt.Fprintf(stderr, "awk: %s\n", awkMessage(err))
	return 2
}

// awkMessage words what awk refuses to do.
func awkMessage(err error) string {
	message := err.Error()
	for part, reason := range map[string]string{
		"NoFileReads": "it reads standard input only, never a file", "NoFileWrites": "it writes no files", "NoExec": "it starts no commands",
	} {
		if what, _, found := strings.Cut(message, " due to "+part); found {
			return what + ": " + reason
		}
	}
	return message
}
