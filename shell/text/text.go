// Package text is the set of text commands that programs of package shell
// may name: wc, sort, grep, sed, awk, jq and their like. They behave as GNU's
// do in the C locale for the options that people use, and read standard input
// only: none of them opens a file, starts a program of the system or sees the
// environment.
//
// Where a command counts or matches characters (grep, sed, wc -m, cut -c,
// rev, column, awk, jq) a character is one of UTF-8, and a byte that is part
// of none counts as one. Everywhere else bytes are compared as they are.
//
// A line that stands for a Redis key keeps doing so through every command
// that passes it on unchanged. Where a command alters it, the result is an
// ordinary line; only if the key held a line break does the result stay one
// record, so that no piece of a key can be taken for another key.
package text

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/helix-collective/helix/shell"
)

// Usage describes one command, as for a help verb.
type Usage struct {
	Name     string // as it is typed
	Synopsis string // as in "wc [-l] [-w] [-c] [-m]"
	Summary  string // one line, lower case, without a full stop
}

// Commands answers every text command by its name. The values hold what the
// calls share (how many workers may run), so make them once for a process.
func Commands(o Options) map[string]shell.Command {
	all := map[string]shell.Command{}
	for _, t := range tools(newWorkers(o)) {
		all[t.name] = t
	}
	return all
}

// Usages answers what Commands offers, in a sensible order for reading.
func Usages() []Usage {
	var all []Usage
	for _, t := range tools(nil) {
		all = append(all, Usage{Name: t.name, Synopsis: t.name + " " + t.synopsis, Summary: t.summary})
	}
	return all
}

// tools is the table of commands. Dispatch, --help and Usages all read it.
func tools(w *workers) []*tool {
	return []*tool{
		wcTool(), headTool(), tailTool(), sortTool(), uniqTool(), cutTool(),
		grepTool(), trTool(), sedTool(), awkTool(w), jqTool(w),
		echoTool(), printfTool(), seqTool(), columnTool(), catTool(), tacTool(),
		revTool(), nlTool(), pasteTool(),
	}
}

// tool is one command: what it is called, which options it knows, what it does.
type tool struct {
	name     string
	synopsis string // without the name
	summary  string
	notes    string // more for --help, if there is more to say
	flags    []flag

	// literal: the arguments are not options at all (echo, printf).
	literal bool
	// leading: options end at the first operand (awk).
	leading bool
	// operands: the command takes some; without it only "-" is accepted.
	operands bool
	// numbers: what looks like a number below zero is an operand (seq).
	numbers bool
	// modern rewrites a historic argument such as -10 to today's form.
	modern func(arg string) string

	run func(ctx context.Context, j *job) (int, error)
}

// job is one call of a tool, its arguments parsed.
type job struct {
	*shell.Call
	options
}

// Run implements shell.Command.
func (t *tool) Run(ctx context.Context, call *shell.Call) (int, error) {
	status, err := t.call(ctx, call)
	var f *failure
	if errors.As(err, &f) {
		if _, err := fmt.Fprintf(call.Stderr, "%s: %s\n", t.name, f.message); err != nil {
			return f.status, err
		}
		return f.status, nil
	}
	return status, err
}

func (t *tool) call(ctx context.Context, call *shell.Call) (int, error) {
	args := call.Texts()
	if len(args) == 1 && args[0] == "--help" {
		_, err := io.WriteString(call.Stdout, t.help())
		return 0, err
	}
	j := &job{Call: call, options: options{operands: args}}
	if t.literal {
		return t.run(ctx, j)
	}
	parsed, err := t.parse(args)
	if err != nil {
		return 0, err
	}
	if parsed.has("help") {
		_, err := io.WriteString(call.Stdout, t.help())
		return 0, err
	}
	j.options = parsed
	if !t.operands {
		if err := stdinOnly(parsed.operands); err != nil {
			return 0, err
		}
	}
	return t.run(ctx, j)
}

// help is the text that --help prints.
func (t *tool) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n%s\n", strings.TrimSpace(t.name+" "+t.synopsis), t.summary)
	for _, f := range t.flags {
		fmt.Fprintf(&b, "  %-16s %s\n", f.form(), f.help)
	}
	if t.notes != "" {
		b.WriteString(t.notes + "\n")
	}
	return b.String()
}

// failure is something that a shell program may react to: a status and its
// explanation for standard error.
type failure struct {
	status  int
	message string
}

func (f *failure) Error() string { return f.message }

// misuse is the failure of a call that makes no sense as it stands.
func misuse(format string, args ...any) error {
	return &failure{status: 2, message: fmt.Sprintf(format, args...)}
}

// stdinOnly refuses operands that would be files.
func stdinOnly(operands []string) error {
	for _, o := range operands {
		if o != "-" {
			return misuse("cannot open %q: it reads standard input only, never a file", o)
		}
	}
	return nil
}
