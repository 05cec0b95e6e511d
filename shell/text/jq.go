package text

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/itchyny/gojq"
)

func jqTool(w *workers) *tool {
	return &tool{
		name: "jq", synopsis: "[-r | -j] [-c] [-e] [-n] [-s] [-R] [--arg NAME TEXT]… [--argjson NAME JSON]… [FILTER]",
		summary: "take JSON apart and put it together",
		flags: []flag{
			{"r", "raw-output", "", "write texts without their quotes"},
			{"j", "join-output", "", "as -r, and without line breaks"},
			{"c", "compact-output", "", "each value on one line"},
			{"e", "exit-status", "", "status 1 if the last value is false or null, 4 if there is none"},
			{"n", "null-input", "", "run once, on null; input and inputs read"},
			{"s", "slurp", "", "read all values into one array"},
			{"R", "raw-input", "", "read lines as texts"},
			{"S", "sort-keys", "", "does nothing: keys are always sorted"},
			{"", "tab", "", "indent by tabs"},
			{"", "arg", "NAME TEXT", "set $NAME to a text"},
			{"", "argjson", "NAME JSON", "set $NAME to a value"},
		},
		notes:    "No files, no modules, an empty environment; processor time and memory are limited.",
		operands: true,
		run:      func(ctx context.Context, j *job) (int, error) { return runJq(ctx, w, j) },
	}
}

// jqTask is one run of jq.
type jqTask struct {
	Filter                   string
	Raw, Join, Compact, Tab  bool
	Exit, Null, Slurp, Lines bool
	Names                    []string // of variables, without the dollar
	Values                   []string // as JSON
}

func runJq(ctx context.Context, w *workers, j *job) (int, error) {
	t := &jqTask{
		Filter: ".", Raw: j.has("r") || j.has("j"), Join: j.has("j"), Compact: j.has("c"), Tab: j.has("tab"),
		Exit: j.has("e"), Null: j.has("n"), Slurp: j.has("s"), Lines: j.has("R"),
	}
	operands := j.operands
	if len(operands) > 0 {
		t.Filter, operands = operands[0], operands[1:]
	}
	if err := stdinOnly(operands); err != nil {
		return 0, err
	}
	for _, g := range j.given {
		if g.key != "arg" && g.key != "argjson" {
			continue
		}
		name, value := g.values[0], g.values[1]
		if g.key == "arg" {
			quoted, err := json.Marshal(value)
			if err != nil {
				return 0, misuse("--arg %s: %s", name, err)
			}
			value = string(quoted)
		} else if !json.Valid([]byte(value)) {
			return 0, misuse("--argjson %s: %q is no JSON", name, value)
		}
		t.Names, t.Values = append(t.Names, name), append(t.Values, value)
	}
	return w.run(ctx, j, task{Jq: t})
}

// Statuses of jq beside 0.
const (
	jqFalse = 1 // with -e: the last value was false or null
	jqUsage = 2 // the call or the input was wrong
	jqNone  = 4 // with -e: there was no value
	jqError = 5 // the filter failed
)

// run carries the task out, in the worker.
func (t *jqTask) run(in io.Reader, out, stderr io.Writer) int {
	inputs := newInputs(in, t)
	code, values, err := t.compile(inputs, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "jq: %s\n", err)
		return jqUsage
	}
	r := &jqRun{jqTask: t, out: out, stderr: stderr, last: jqNone}
	for {
		var v any
		if t.Null {
			v = nil
		} else {
			var more bool
			if v, more = inputs.Next(); !more {
				break
			}
		}
		if err, bad := v.(error); bad {
			fmt.Fprintf(stderr, "jq: %s\n", err)
			return jqUsage
		}
		if halted := r.values(code.Run(v, values...)); halted || t.Null {
			break
		}
	}
	return r.conclude()
}

// compile makes the filter ready, with its variables' values.
func (t *jqTask) compile(inputs gojq.Iter, stderr io.Writer) (*gojq.Code, []any, error) {
	query, err := gojq.Parse(t.Filter)
	var wrong *gojq.ParseError
	if errors.As(err, &wrong) {
		line, column := position(t.Filter, wrong.Offset-len(wrong.Token))
		return nil, nil, fmt.Errorf("line %d, column %d of the filter: %w", line, column, err)
	}
	if err != nil {
		return nil, nil, err
	}
	names, values, err := t.variables()
	if err != nil {
		return nil, nil, err
	}
	code, err := gojq.Compile(query,
		gojq.WithEnvironLoader(func() []string { return nil }),
		gojq.WithVariables(names),
		gojq.WithInputIter(inputs),
		gojq.WithFunction("input_filename", 0, 0, func(any, []any) any { return nil }),
		gojq.WithFunction("debug", 0, 0, func(v any, _ []any) any { return note(stderr, `["DEBUG:",`, v, "]\n") }),
		gojq.WithFunction("stderr", 0, 0, func(v any, _ []any) any { return note(stderr, "", v, "") }),
	)
	return code, values, err
}

// note writes a value where errors go, and answers it.
func note(stderr io.Writer, before string, v any, behind string) any {
	text, err := gojq.Marshal(v)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s%s%s", before, text, behind)
	return v
}

// variables answers names and values, $ARGS among them.
func (t *jqTask) variables() (names []string, values []any, err error) {
	named := map[string]any{}
	for i, name := range t.Names {
		d := json.NewDecoder(strings.NewReader(t.Values[i]))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, nil, fmt.Errorf("--argjson %s: %w", name, err)
		}
		if _, again := named[name]; again {
			continue
		}
		named[name] = v
		names, values = append(names, "$"+name), append(values, v)
	}
	return append(names, "$ARGS"), append(values, map[string]any{"named": named, "positional": []any{}}), nil
}

// position is the line and column of an offset, both counted from one.
func position(src string, offset int) (line, column int) {
	before := src[:max(0, min(offset, len(src)))]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + len(before) - (strings.LastIndexByte(before, '\n') + 1)
}

// jqRun is what a run has come to.
type jqRun struct {
	*jqTask
	out, stderr io.Writer
	last        int // what -e makes of the values so far
	failed      int
	halted      bool
	buf         []byte
}

// values writes what the filter makes of one input; halted says that it asked
// to end.
func (r *jqRun) values(iter gojq.Iter) (halted bool) {
	for {
		v, more := iter.Next()
		if !more {
			return false
		}
		if err, bad := v.(error); bad {
			return r.fail(err)
		}
		r.last = 0
		if v == nil || v == false {
			r.last = jqFalse
		}
		if err := r.write(v); err != nil {
			return r.fail(err)
		}
	}
}

// fail notes an error of the filter, which ends this input only, unless it is
// a halt.
func (r *jqRun) fail(err error) (halted bool) {
	var halt *gojq.HaltError
	if !errors.As(err, &halt) {
		fmt.Fprintf(r.stderr, "jq: error: %s\n", err)
		r.failed = jqError
		return false
	}
	if text, isText := halt.Value().(string); isText {
		io.WriteString(r.stderr, text)
	} else if halt.Value() != nil {
		r.buf, _ = appendJSON(r.buf[:0], halt.Value(), "", 0)
		r.stderr.Write(append(r.buf, '\n'))
	}
	r.failed, r.halted = halt.ExitCode(), true
	return true
}

func (r *jqRun) conclude() int {
	switch {
	case r.failed != 0, r.halted:
		return r.failed
	case r.Exit:
		return r.last
	}
	return 0
}

func (r *jqRun) write(v any) (err error) {
	if text, isText := v.(string); isText && r.Raw {
		r.buf = append(r.buf[:0], text...)
	} else {
		indent := "  "
		switch {
		case r.Compact:
			indent = ""
		case r.Tab:
			indent = "\t"
		}
		if r.buf, err = appendJSON(r.buf[:0], v, indent, 0); err != nil {
			return err
		}
	}
	if !r.Join {
		r.buf = append(r.buf, '\n')
	}
	_, err = r.out.Write(r.buf)
	return err
}
