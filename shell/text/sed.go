package text

import (
	"context"
	"strconv"

	"github.com/helix-collective/helix/shell"
)

func sedTool() *tool {
	return &tool{
		name: "sed", synopsis: "[-n] [-E] SCRIPT | -e SCRIPT…",
		summary: "edit lines: s/OLD/NEW/, p, d, q, =",
		flags: []flag{
			{"n", "quiet", "", "write only what p writes"},
			{"E", "regexp-extended", "", "extended expressions: + ? | ( ) { } without backslashes"},
			{"r", "", "", "the same as -E"},
			{"", "silent", "", "the same as -n"},
			{"s", "separate", "", "does nothing: there is one input"},
			{"u", "unbuffered", "", "does nothing: lines are never held back for long"},
			{"e", "expression", "SCRIPT", "commands; may come several times"},
		},
		notes: "Commands: s p d q =, each after an address (N, $, /RE/, \\cREc, and a range A,B) or none.\n" +
			"Flags of s: g p i I and a number. NEW knows & and \\1 to \\9.",
		operands: true,
		run:      runSed,
	}
}

func runSed(ctx context.Context, j *job) (int, error) {
	script, operands := "", j.operands
	for i, e := range j.values("e") {
		if i > 0 {
			script += "\n"
		}
		script += e
	}
	if !j.has("e") {
		if len(operands) == 0 {
			return 0, misuse("needs a script")
		}
		script, operands = operands[0], operands[1:]
	}
	if err := stdinOnly(operands); err != nil {
		return 0, err
	}
	program, err := parseSed(script, j.has("E") || j.has("r"))
	if err != nil {
		return 0, err
	}
	e := &editor{commands: program, quiet: j.has("n") || j.has("silent"), w: j.Stdout}
	return e.run(ctx, j.Stdin)
}

// editor runs a script over its input.
type editor struct {
	commands []*sedCommand
	quiet    bool
	w        *shell.Writer
	owed     bool // the last line written lacks its line break

	line   int64
	last   bool // this is the last line; known only if the script asks
	space  []byte
	spare  []byte
	recent *expression // what an empty expression means
	status int
}

// run edits line by line. Where the script asks for the last line, each line
// waits until the next has come.
func (e *editor) run(ctx context.Context, in *shell.Reader) (int, error) {
	if !e.asksForLast() {
		err := eachLine(ctx, in, func(rec shell.Record) error { return e.edit(ctx, rec) })
		return e.status, err
	}
	var waiting folded
	err := eachLine(ctx, in, func(rec shell.Record) error {
		if waiting.count > 0 {
			if err := e.edit(ctx, waiting.rec); err != nil {
				return err
			}
		}
		waiting.keep(rec)
		waiting.rec.Open = rec.Open
		return nil
	})
	if err == nil && waiting.count > 0 && !e.ended() {
		e.last = true
		err = e.edit(ctx, waiting.rec)
	}
	if err == errEnough {
		err = nil
	}
	return e.status, err
}

// ended is true once q was carried out.
func (e *editor) ended() bool { return e.line < 0 }

func (e *editor) asksForLast() bool {
	for _, c := range e.commands {
		if c.from != nil && c.from.kind == lastLine || c.to != nil && c.to.kind == lastLine {
			return true
		}
	}
	return false
}

// edit runs the script over one line.
func (e *editor) edit(ctx context.Context, rec shell.Record) error {
	e.line++
	e.space = append(e.space[:0], rec.Text...)
	for _, c := range e.commands {
		chosen, err := e.chosen(ctx, c)
		if err != nil {
			return err
		}
		if !chosen {
			continue
		}
		next, err := e.obey(ctx, c, rec)
		if err != nil || next {
			return err
		}
	}
	if e.quiet {
		return nil
	}
	return e.print(rec)
}

// obey carries out one command. next is true if the line is done with.
func (e *editor) obey(ctx context.Context, c *sedCommand, rec shell.Record) (next bool, err error) {
	switch c.name {
	case 'd':
		return true, nil
	case 'p':
		return false, e.print(rec)
	case '=':
		return false, e.write(shell.Record{Text: strconv.AppendInt(nil, e.line, 10)})
	case 'q':
		if !e.quiet {
			err = e.print(rec)
		}
		if err == nil {
			e.status, e.line, err = c.status, -1, errEnough
		}
		return true, err
	}
	changed, err := e.substitute(ctx, c.sub)
	if err == nil && changed && c.sub.print {
		err = e.print(rec)
	}
	return false, err
}

// print writes the line as it stands now.
func (e *editor) print(rec shell.Record) error { return e.write(derived(rec, e.space)) }

// write writes a record, after the line break that the one before may lack.
func (e *editor) write(rec shell.Record) error {
	if e.owed {
		if _, err := e.w.WriteString("\n"); err != nil {
			return err
		}
	}
	e.owed = rec.Open
	return e.w.WriteRecord(rec)
}

// chosen answers whether a command applies to the line.
func (e *editor) chosen(ctx context.Context, c *sedCommand) (bool, error) {
	if c.from == nil {
		return !c.negated, nil
	}
	in, err := e.inRange(ctx, c)
	return in != c.negated, err
}

func (e *editor) inRange(ctx context.Context, c *sedCommand) (bool, error) {
	if c.to == nil {
		return e.at(ctx, c.from)
	}
	if c.open {
		return e.continues(ctx, c)
	}
	begins, err := e.at(ctx, c.from)
	if !begins || err != nil {
		return false, err
	}
	switch c.to.kind {
	case lineNumber:
		c.open, c.until = c.to.line > e.line, c.to.line
	case linesMore:
		c.open, c.until = c.to.line > 0, e.line+c.to.line
	default:
		c.open = c.to.kind != lastLine || !e.last
	}
	return true, nil
}

// continues answers for a line inside a range, and notes whether it ends there.
func (e *editor) continues(ctx context.Context, c *sedCommand) (bool, error) {
	if c.to.kind == lineNumber || c.to.kind == linesMore {
		c.open = e.line < c.until
		return true, nil
	}
	ends, err := e.at(ctx, c.to)
	c.open = !ends
	return true, err
}

func (e *editor) at(ctx context.Context, a *address) (bool, error) {
	switch a.kind {
	case lineNumber:
		return e.line == a.line, nil
	case lastLine:
		return e.last, nil
	}
	re, err := e.expression(a.match)
	if err != nil {
		return false, err
	}
	return re.matches(ctx, e.space)
}

// expression answers the expression to use: the most recent one for none.
func (e *editor) expression(re *expression) (*expression, error) {
	if re != nil {
		e.recent = re
	}
	if e.recent == nil {
		return nil, misuse("an empty expression repeats the last one, and there was none")
	}
	return e.recent, nil
}

// maxMade bounds a line that a command puts together.
const maxMade = 2 << 20

// substitute replaces matches in the line and answers whether there were any.
func (e *editor) substitute(ctx context.Context, s *substitution) (bool, error) {
	re, err := e.expression(s.match)
	if err != nil {
		return false, err
	}
	out, done, from, n, before := e.spare[:0], 0, 0, 0, -1
	for from <= len(e.space) {
		at, err := re.find(ctx, e.space, from)
		if err != nil {
			return false, err
		}
		if at == nil {
			break
		}
		empty := at[0] == at[1]
		if !empty || at[0] != before {
			if n++; n >= s.nth {
				out = s.replace(append(out, e.space[done:at[0]]...), e.space, at)
				done = at[1]
			}
		}
		if len(out) > maxMade {
			return false, &shell.LimitError{Limit: "a line of sed", Max: maxMade, Unit: "bytes"}
		}
		if n >= s.nth && !s.all {
			break
		}
		before = at[1]
		if from = at[1]; empty {
			if from == len(e.space) {
				break
			}
			from += runeSize(e.space[from:])
		}
	}
	if n < s.nth {
		return false, nil
	}
	e.spare = e.space
	e.space = append(out, e.space[done:]...)
	return true, nil
}
