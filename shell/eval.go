package shell

import (
	"context"
	"errors"
	"fmt"
)

// statusPipeClosed is the status of a stage that nobody reads any more: 128
// and the number of SIGPIPE.
const statusPipeClosed = 141

// leave unwinds to the loop or the shell that break, continue or exit names.
type leave struct {
	how    string // "break", "continue" or "exit"
	levels int    // loops still to be left, this one included
}

func (l *leave) Error() string { return l.how }

// step counts a command or a round of a loop, and notices the program's end.
func (s *scope) step(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.budget.Step()
}

func (s *scope) list(ctx context.Context, body []*statement, io streams) error {
	for _, st := range body {
		if err := s.statement(ctx, st, io); err != nil {
			return err
		}
	}
	return nil
}

// statement runs one statement and leaves its status in s. An error ends more
// than the statement: a *leave up to its loop or shell, ErrPipeClosed the
// stage, any other the program.
func (s *scope) statement(ctx context.Context, st *statement, io streams) error {
	if err := s.command(ctx, st.command, s.redirected(st.redirs, io)); err != nil {
		return err
	}
	if st.negated {
		s.status = int(truth(s.status == 0))
	}
	return nil
}

// redirected applies redirections from left to right.
func (s *scope) redirected(redirs []redirect, io streams) streams {
	for _, r := range redirs {
		switch r {
		case redirect{input, nowhere}:
			io.in = emptyReader()
		case redirect{output, nowhere}:
			io.out = s.null
		case redirect{failure, nowhere}:
			io.err = s.null
		case redirect{both, nowhere}:
			io.out, io.err = s.null, s.null
		case redirect{failure, output}:
			io.err = io.out
		case redirect{output, failure}:
			io.out = io.err
		}
	}
	return io
}

func (s *scope) command(ctx context.Context, cmd command, io streams) error {
	if err := s.step(ctx); err != nil {
		return err
	}
	switch cmd := cmd.(type) {
	case *simple:
		return s.simple(ctx, cmd, io)
	case *pipeline:
		return s.pipeline(ctx, cmd, io)
	case *andOr:
		return s.andOr(ctx, cmd, io)
	case *conditional:
		return s.conditional(ctx, cmd, io)
	case *whileLoop:
		return s.whileLoop(ctx, cmd, io)
	case *forLoop:
		return s.forLoop(ctx, cmd, io)
	case *group:
		return s.group(ctx, cmd, io)
	}
	return fmt.Errorf("run: no rule for %T", cmd)
}

func (s *scope) andOr(ctx context.Context, cmd *andOr, io streams) error {
	if err := s.statement(ctx, cmd.left, io); err != nil {
		return err
	}
	if cmd.and != (s.status == 0) {
		return nil
	}
	return s.statement(ctx, cmd.right, io)
}

func (s *scope) conditional(ctx context.Context, cmd *conditional, io streams) error {
	if err := s.list(ctx, cmd.cond, io); err != nil {
		return err
	}
	if s.status == 0 {
		return s.list(ctx, cmd.then, io)
	}
	if len(cmd.otherwise) == 0 {
		s.status = 0
	}
	return s.list(ctx, cmd.otherwise, io)
}

func (s *scope) group(ctx context.Context, cmd *group, io streams) error {
	if !cmd.subshell {
		return s.list(ctx, cmd.body, io)
	}
	child, err := s.deeper()
	if err != nil {
		return err
	}
	defer child.close()
	err = child.contained(ctx, cmd.body, io)
	s.status = child.status
	return err
}

func (s *scope) whileLoop(ctx context.Context, cmd *whileLoop, io streams) error {
	s.loops++
	defer func() { s.loops-- }()
	var ahead *lookahead
	if cmd.reads != nil {
		ahead = s.lookahead(cmd.do, cmd.calls)
		defer ahead.end()
	}
	last := 0
	for {
		if err := s.step(ctx); err != nil {
			return err
		}
		err := s.list(ctx, cmd.cond, io)
		if err == nil && (s.status == 0) == cmd.until {
			s.status = last
			return nil
		}
		if err == nil {
			if ahead.due() {
				ahead.look(ctx, linesToCome(cmd.reads, io.in))
			}
			at := io.in.spot()
			err = s.list(ctx, cmd.do, io)
			if io.in.spot() != at { // what was seen ahead does not come to this loop
				ahead.end()
			}
		}
		if again, err := s.round(err); !again {
			return err
		}
		last = s.status
	}
}

func (s *scope) forLoop(ctx context.Context, cmd *forLoop, io streams) error {
	e := s.expansion(io)
	defer e.release()
	fields, err := e.words(ctx, cmd.items)
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		s.status = 0
	}
	s.loops++
	defer func() { s.loops-- }()
	ahead := s.lookahead(cmd.do, cmd.calls)
	defer ahead.end()
	for i, f := range fields {
		if err := s.step(ctx); err != nil {
			return err
		}
		if err := s.set(cmd.name, f.value.compact()); err != nil {
			return err
		}
		if ahead.due() {
			ahead.look(ctx, fieldsToCome(cmd.name, fields[i:]))
		}
		if again, err := s.round(s.list(ctx, cmd.do, io)); !again {
			return err
		}
	}
	return nil
}

// round says how a loop goes on after a round that ended with err.
func (s *scope) round(err error) (again bool, out error) {
	l, ok := err.(*leave)
	switch {
	case err == nil:
		return true, nil
	case !ok || l.how == "exit":
		return false, err
	case l.levels > 1:
		return false, &leave{l.how, l.levels - 1}
	}
	return l.how == "continue", nil
}

// simple runs assignments or a call.
func (s *scope) simple(ctx context.Context, cmd *simple, io streams) error {
	e := s.expansion(io)
	defer e.release()
	if len(cmd.words) == 0 {
		return s.assign(ctx, cmd.assigns, e)
	}
	fields, err := e.words(ctx, cmd.words)
	if err != nil {
		return err
	}
	if len(fields) == 0 { // as of an empty $x alone
		s.status = e.status
		return nil
	}
	return s.call(ctx, &invocation{fields: fields, ifs: cmd.ifs, pos: cmd.pos, streams: io})
}

// assign sets variables. The status is that of the last $(…), or 0.
func (s *scope) assign(ctx context.Context, assigns []assignment, e *expansion) error {
	for _, a := range assigns {
		v, err := e.single(ctx, a.value)
		if err != nil {
			return err
		}
		if err := s.set(a.name, v.compact()); err != nil {
			return err
		}
	}
	s.status = e.status
	return nil
}

// invocation is a call ready to be made. The first field is the name.
type invocation struct {
	fields []field
	ifs    *string // of IFS=… read …
	pos    Pos
	streams
}

func (inv *invocation) name() string { return bareName(inv.fields[0].value.text()) }

func (inv *invocation) args() []Arg {
	args := make([]Arg, len(inv.fields)-1)
	for i, f := range inv.fields[1:] {
		args[i] = f.value.arg()
	}
	return args
}

// call makes a call and leaves its status in s.
func (s *scope) call(ctx context.Context, inv *invocation) error {
	if script := inv.fields[0].script; script != nil {
		return s.alias(ctx, inv, script)
	}
	name := inv.name()
	if run := own(name); run != nil {
		if err := run(ctx, s, inv); err != nil {
			return err
		}
		return inv.out.flushIfAwaited()
	}
	cmd, ok := s.lookup(name)
	if !ok {
		return s.fail(inv, statusUnknown, "%s: command not found", name)
	}
	status, err := cmd.Run(ctx, s.toCall(inv, name, inv.args()))
	return s.ended(inv, status, err)
}

func (s *scope) toCall(inv *invocation, name string, args []Arg) *Call {
	return &Call{
		Name: name, Args: args, Pos: inv.pos,
		Stdin: inv.in, Stdout: inv.out, Stderr: inv.err, Budget: s.budget,
		Final: inv.out.final,
	}
}

// ended takes up how a command ended.
func (s *scope) ended(inv *invocation, status int, err error) error {
	s.status = status
	if errors.Is(err, ErrPipeClosed) {
		return ErrPipeClosed
	}
	if err != nil {
		return err
	}
	// A command that overlooked a failed write must not go on for ever.
	return inv.out.flushIfAwaited()
}

const (
	statusMisuse  = 2
	statusUnknown = 127
)

// fail writes a message to standard error and sets the status.
func (s *scope) fail(inv *invocation, status int, format string, args ...any) error {
	s.status = status
	_, err := inv.err.WriteString(fmt.Sprintf(format, args...) + "\n")
	return err
}
