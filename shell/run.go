package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// Env is what a program runs in.
type Env struct {
	// Lookup answers the command of a name that is not the shell's own; ok is
	// false if there is none. It may be called from several goroutines.
	Lookup func(name string) (c Command, ok bool)
	Limits Limits
	// Stdin is read by the program's first stages; nil is empty. Where it can
	// wait for bytes, it must itself give up when ctx ends.
	Stdin *Reader
	// Stdout and Stderr get the program's output in pieces of up to some
	// 32 KiB. They may be the same. Nil drops it. A failed write ends the program.
	Stdout, Stderr io.Writer
}

// PanicError is a panic of a command, caught so that it ends its program only.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("a command panicked: %v", e.Value) }

// Run runs a program and answers its exit status. An error is what ended the
// program early: what a Command answered, a *LimitError, an *ExpandError, a
// *PanicError, a failure of Env.Stdout or Env.Stderr, or the cause of ctx's
// end. What was written until then has been passed on. All goroutines of the
// program have ended when Run returns.
func Run(ctx context.Context, p *Program, env Env) (status int, err error) {
	budget := NewBudget(env.Limits)
	ctx, end := context.WithTimeoutCause(ctx, budget.limits.Wall, budget.wallError())
	defer end()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	s := &scope{machine: &machine{lookup: env.Lookup, budget: budget, ahead: budget.beside(), null: Discard(), stop: stop}}
	defer s.close()
	io := env.streams(budget)
	if err := s.program(ctx, p.body, io); err != nil {
		stop(err)
	}
	flush(io, stop)
	if ctx.Err() != nil {
		return max(s.status, 1), context.Cause(ctx)
	}
	return s.status, nil
}

// flush passes on the last output, also of a program that was stopped.
func flush(io streams, stop context.CancelCauseFunc) {
	for _, w := range []*Writer{io.out, io.err} {
		if err := w.Flush(); err != nil {
			stop(err)
		}
	}
}

// streams are the three streams of a command.
type streams struct {
	in       *Reader
	out, err *Writer
}

func (env Env) streams(budget *Budget) streams {
	in := env.Stdin
	if in == nil {
		in = emptyReader()
	}
	return streams{in: in, out: limited(env.Stdout, budget), err: limited(env.Stderr, budget)}
}

// limited returns a Writer to w that counts against the output limit.
func limited(w io.Writer, budget *Budget) *Writer {
	if w == nil {
		return Discard()
	}
	return &Writer{final: true, send: func(c *chunk) error {
		defer c.release()
		allowed, limit := budget.grant(int64(len(c.data)))
		if _, err := w.Write(c.data[:allowed]); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return limit
	}}
}

// program runs the top level, where exit ends all and output is passed on
// after each statement.
func (s *scope) program(ctx context.Context, body []*statement, io streams) (err error) {
	defer catch(&err)
	for _, st := range body {
		err := s.statement(ctx, st, io)
		if _, ok := errors.AsType[*leave](err); ok {
			return nil
		}
		if err != nil {
			return err
		}
		if err := errors.Join(io.out.Flush(), io.err.Flush()); err != nil {
			return err
		}
	}
	return nil
}

// contained runs statements as a subshell does: exit ends no more than these.
func (s *scope) contained(ctx context.Context, body []*statement, io streams) error {
	err := s.list(ctx, body, io)
	if _, ok := err.(*leave); ok {
		return nil
	}
	return err
}

// catch turns a panic into an error.
func catch(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
